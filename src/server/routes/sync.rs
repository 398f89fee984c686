//! The sliding sync endpoints.

use std::{future::poll_fn, pin::Pin, sync::Arc};

use axum::{
    body::{Body, HttpBody},
    extract::{Request, State},
    http::StatusCode,
    response::Response,
};

use super::{App, Shared, json};
use crate::{
    connection::Wire,
    limits::{BODY_TIME, REQUEST_BODY, REQUEST_DISCARDED},
    platform::sleep,
    protocol::{ErrorResponse, RequestError},
    server::{error::ApiError, identity::Token, wire},
};

/// What today's clients ask.
pub(super) async fn simplified(State(app): Shared, request: Request) -> Result<Response, ApiError> {
    answer(app, Wire::Simplified, request).await
}

/// The final form.
pub(super) async fn v4(State(app): Shared, request: Request) -> Result<Response, ApiError> {
    answer(app, Wire::V4, request).await
}

async fn answer(app: Arc<App>, wire: Wire, request: Request) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    let token = Token::of_request(&parts.headers, &parts.uri)?;
    let identity = app.auth.identify(&token).await?;
    let body = read(body).await?;
    let request = wire::decode(wire, parts.uri.query().unwrap_or_default(), &body, &identity.user)?;
    let answer = app.shards.sync(identity, token, wire, request).await?;
    Ok(json::response(StatusCode::OK, answer))
}

/// Reads a body. What is too long is heard out to some length all the same: who is cut off in the middle of a sentence
/// does not hear the answer.
async fn read(mut body: Body) -> Result<Vec<u8>, ApiError> {
    let read = async {
        let (mut bytes, mut length) = (Vec::new(), 0_usize);
        while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
            // One that breaks off is nobody's to hear about; what remains is one that stands still.
            let Ok(data) = frame.map_err(|_| ApiError::slow_body())?.into_data() else { continue };
            length = length.saturating_add(data.len());
            if length <= REQUEST_BODY {
                bytes.extend_from_slice(&data);
            } else if length <= REQUEST_DISCARDED {
                bytes = Vec::new();
            } else {
                break;
            }
        }
        if length > REQUEST_BODY { Err(ErrorResponse::from(RequestError::TooLarge).into()) } else { Ok(bytes) }
    };
    tokio::select! {
        biased;
        read = read => read,
        () = sleep(BODY_TIME) => Err(ApiError::slow_body()),
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Poll};

    use axum::body::Bytes;
    use http_body::Frame;

    use super::*;

    /// A body of which some comes, and then nothing more.
    struct StandsStill(Option<Bytes>);

    impl HttpBody for StandsStill {
        type Data = Bytes;
        type Error = std::convert::Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
            match self.0.take() {
                Some(bytes) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
                None => Poll::Pending,
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stands_still_is_not_waited_for() {
        let error = read(Body::new(StandsStill(Some(Bytes::from_static(b"{"))))).await.expect_err("it never ends");
        assert_eq!(error.status, StatusCode::REQUEST_TIMEOUT);
    }

    #[tokio::test]
    async fn a_body_is_read_up_to_its_limit() {
        assert_eq!(read(Body::from(vec![b' '; REQUEST_BODY])).await.map(|body| body.len()), Ok(REQUEST_BODY));
        for length in [REQUEST_BODY + 1, REQUEST_DISCARDED + 1] {
            let error = read(Body::from(vec![b' '; length])).await.expect_err("it is too long");
            assert_eq!((error.status, error.body.errcode.as_str()), (StatusCode::PAYLOAD_TOO_LARGE, "M_TOO_LARGE"));
        }
    }
}
