//! The language that the rules of sliding sync are written in.
//!
//! A scenario is a transcript: lines at the margin are what happens, the indented lines below each are what came of it.
//! `UPDATE_EXPECT=1` writes the latter anew.
//!
//! ```text
//! v2: !a name="Tea" timeline m1 m2 | !b invite from=@bob
//! sync list all [0,9] timeline 1 state name
//!     all: 2
//!     !b initial invite in=all stripped{…}
//!     !a initial join in=all name="Tea" joined=2 invited=0 state{name="Tea"} [m2] limited prev=<m2
//! v2: !a m3
//! sync
//!     all: 2
//!     !a in=all [m3] prev=<m3 live=1
//! ```
//!
//! Every scenario runs over each wire, against a server and a homeserver of its own. What the wires answer must be the
//! same; where they differ, the lines say so: `v4: …`, `simplified: …`. A line at the margin that begins so happens on that
//! wire alone.
//!
//! The homeserver (`support/scripted`): `v2: …` is what the next poll brings, and waits until it was taken in; the first is
//! the whole account. `v2@TABLET: …` is another device's poll. `v2: 500`, `429 0.3`, `401 soft`, `403`, `null`, `empty`,
//! `html`, `half` are other ways to answer it. `homeserver: …` says what it is like; `start: …` begins an account without
//! its whole, which comes with `homeserver: whole …`. `asked` tells what it was asked since.
//!
//! The client: `sync WORDS` sends a request with the last `pos`, `first WORDS` one without; without words for lists, rooms
//! or extensions it repeats those of the last request, `and` adds to them. `lost` sends one whose answer is never received.
//! `repeat` sends with the `pos` before. `park` sends one and goes on; `woken` is its answer, `asleep` says that there is
//! none yet; `hangup` gives it up. Words: `+5s` waits, `conn=b`, `device=TABLET`, `token=t`, `pos=…` (`none`; `of:b`, another
//! connection's; `of:PHONE/b`, another device's); `list NAME [0,9] timeline 2 state name,topic,member/me lazy exclude …
//! dm tags=…`; `room !a timeline 20 state *`; `ext to_device limit=1 since=none` (or `since=ago:1`, the token before the
//! last) `ext e2ee ext receipts lists=a rooms=!a`; `nothing`; `show bump`, `show ops`.
//!
//! `post {…}` and `post ?pos=x {…}` send a body as it is; `"*101": {…}>` in it stands for as many fields, `<x*3>` for
//! `xxx`, `\xff` for that byte. `page !a prev=TOKEN` pages back, `page !a pos` from the last `pos`; `ask keys/changes
//! from=pos to=pos:2 device=TABLET` asks what passes through, with the last or the second `pos` received. `forget !a` has
//! the homeserver forget a room. `restart` kills the server's process and starts it again, `stop` ends it in order. `explain !a` (with `conn=b`, `conn=*` for all,
//! `device=TABLET`, `token=t`, `show room`, `show json`) shows why a room is where it is, `explain ?room=x` asks so
//! literally. `status`, `settled WORD`, `settled WORD device=@eve`, `login TOKEN`, `logout TOKEN soft`, `log-out DEVICE`
//! (through us), `login-device TABLET` (a device named `@eve` is another user's), `was-asked
//! messages !a`, `failed ENDPOINT`, `pause 0.1`.
//!
//! `SCENARIO_MISHAPS=lost` loses every answer once, `restarts` restarts the server before every step but `was-asked` and
//! `failed`, `state_after` gives the homeserver MSC4222: none of it may change what comes. A scenario that says
//! `# Undisturbed: …` goes without, and says why: it counts requests, say. `npm run test:full` runs them all so.
//! `SCENARIO_LOG=debug` shows what the servers say.

mod answer;
mod explain;
mod request;
mod run;
mod server;
mod transcript;
mod wire;

pub use self::transcript::{check, check_simplified, check_v4};
