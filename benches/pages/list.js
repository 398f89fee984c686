// The room list of both minimal clients, so that drawing costs both the same: the first screenful, newest activity first.

export const SCREENFUL = 20;

const list = document.querySelector('[data-testid=room-list]');

/**
 * Draws the top of the list and marks `rows` once any room is painted, `screen` once a screenful is.
 * @param {{ id: string, name: string, text: string, time: number }[]} rooms at most a screenful is drawn
 * @param {number} count how many rooms there are
 */
export function draw(rooms, count) {
  const rows = rooms.slice(0, SCREENFUL);
  while (list.children.length < rows.length) list.append(newRow());
  while (list.children.length > rows.length) list.lastChild.remove();
  rows.forEach((room, index) => fill(list.children[index], room));
  if (rows.length > 0) probe.painted('rows');
  if (rows.length > 0 && rows.length >= Math.min(SCREENFUL, count)) probe.painted('screen');
}

/** The rooms that are drawn, from the top. */
globalThis.drawnRooms = () => [...list.children].map((row) => row.dataset.roomId);

function newRow() {
  const row = document.createElement('li');
  row.append(...['name', 'time', 'text'].map((part) => Object.assign(document.createElement('span'), { className: part })));
  return row;
}

function fill(row, { id, name, text, time }) {
  row.dataset.roomId = id;
  const [nameCell, timeCell, textCell] = row.children;
  set(nameCell, name);
  set(timeCell, new Date(time).toISOString());
  set(textCell, text);
}

function set(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
