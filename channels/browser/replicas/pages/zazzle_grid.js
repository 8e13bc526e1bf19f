// The image library: so many images of a page, the newest first; each page is asked for when it is turned to, and
// until it comes the one before stays. `pick` gets the image that is clicked, and the number of the page that it is on.
function library(place, pick) {
  const bar = made('p', {className: 'ZazzlePagination'}), images = made('div', {});
  const display = made('span', {className: 'ZazzlePagination-pageDisplay'});
  const button = (name, text) => made('button', {type: 'button', className: `ZazzlePagination-${name}`, textContent: text, disabled: true});
  const first = button('first', '\u00ab'), previous = button('previous', '\u2039'), next = button('next', '\u203a');
  bar.append(first, previous, display, next);
  place.append(images, bar);
  let here = 1, asked = 0;
  function show(answer) {
    here = answer.page;
    images.replaceChildren(...answer.images.map((one) => {
      const image = made('img', {className: 'JustifiedGridItem-image', alt: one.alt});
      image.dataset.token = one.token;
      image.onclick = () => pick(one.token, here);
      return image;
    }));
    display.textContent = ` Page ${answer.page} of ${answer.pages} `;
    first.disabled = previous.disabled = here === 1;
    next.disabled = here === answer.pages;
  }
  async function turn(page) {
    const mine = ++asked;
    for (const each of [first, previous, next]) each.disabled = true;
    const answer = await fetch(`/api/images/list?pg=${page}`);
    if (!answer.ok) return;
    const list = await answer.json();
    setTimeout(() => { if (mine === asked) show(list); }, later('grid', 30));
  }
  first.onclick = () => turn(1);
  previous.onclick = () => turn(here - 1);
  next.onclick = () => turn(here + 1);
  turn(1);
}
