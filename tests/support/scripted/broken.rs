//! An answer that breaks off in the middle.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use axum::body::{Body, Bytes};
use http_body::{Frame, SizeHint};

/// Returns a body that says it is longer than what comes of it.
pub fn body(beginning: String) -> Body {
    Body::new(Broken { said: beginning.len() as u64 + 100, left: Some(beginning.into()) })
}

struct Broken {
    said: u64,
    left: Option<Bytes>,
}

impl http_body::Body for Broken {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        Poll::Ready(Some(match self.left.take() {
            Some(bytes) if !bytes.is_empty() => Ok(Frame::data(bytes)),
            _ => Err(io::Error::other("scripted")),
        }))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.said)
    }
}
