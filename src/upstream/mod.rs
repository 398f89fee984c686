//! The homeserver: how it is asked, and what it answers.

mod http;

pub use self::http::{HttpClient, TransportError};
