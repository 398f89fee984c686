//! A homeserver that says what a script says, in a compact text form.
//!
//! One account's worth of it at a time: what each poll brings is a line such as
//! `!a name="Tea" timeline m1 m2@alice | !b invite from=@bob | to_device k1`. Polls are answered strictly by their `since`,
//! and the same `since` again is answered the same way, as homeservers do; a poll beyond the script waits.

mod answers;
mod broken;
mod events;
mod rooms;
mod serve;
mod state;
mod words;

pub use self::{
    events::{short, without_server},
    serve::{Homeserver, Told},
    state::ME,
    words::{room_id, user_id, words},
};
