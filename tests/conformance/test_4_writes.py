from world import World

def test_x(world: World, name: str) -> None:
    r = world.push()
    assert r.counts() == {} , (r.counts(), r.problems, [o.error for o in r.outcomes if o.error])
