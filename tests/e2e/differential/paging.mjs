// Where a `prev_batch` leads: paging back from it must give the event directly before the oldest one shown.

const PAGE = 40;
const PAGES = 3;

const messages = async (api, room, from) => api.messages(room, { from, limit: PAGE });

/** Returns the id of the first event that paging back from `from` brings and that was not shown; `undefined` at the beginning of the room. */
export async function pagesTo(api, room, from, shown) {
  const had = new Set(shown);
  for (let page = 0; page < PAGES && from !== undefined; page += 1) {
    const { chunk, end } = await messages(api, room, from);
    const next = chunk.find((event) => !had.has(event.event_id));
    if (next) return next.event_id;
    from = end;
  }
  return undefined;
}

/** Returns the id of the event directly before another one, but for the `hidden`, as the homeserver tells whoever asks about that event. */
export async function eventBefore(api, room, event, hidden) {
  const where = `/_matrix/client/v3/rooms/${encodeURIComponent(room)}/context/${encodeURIComponent(event)}?limit=${PAGE}`;
  const { events_before: before } = await api.get(where);
  return before.find(({ event_id: id }) => !hidden.has(id))?.event_id;
}
