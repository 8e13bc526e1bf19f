from world import World

def test_x(world: World, name: str) -> None:
    r = world.push()
    print(r.counts(), [(o.planned.because) for o in r.outcomes if o.done.value=='held'])
    assert r.counts() == {'published': 3, 'prepared': 3}
