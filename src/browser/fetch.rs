//! The homeserver through the browser's `fetch`.
//!
//! Invariants: dropping the future aborts the request; cookies, the browser's cache and the page's address stay out of
//! it.

use std::time::Duration;

use gloo_net::http::{Headers, RequestBuilder, Response};
use js_sys::{IteratorNext, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortController, AbortSignal, ReadableStream, ReadableStreamDefaultReader, ReferrerPolicy, RequestCache,
    RequestCredentials,
};

use crate::{
    limits,
    platform::{LocalFuture, sleep},
    upstream::{HttpClient, TransportError},
};

/// Sends requests by the browser's `fetch`, in a page or a worker.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fetch;

impl HttpClient for Fetch {
    fn send<'a>(
        &'a self,
        request: http::Request<Vec<u8>>,
        timeout: Duration,
    ) -> LocalFuture<'a, Result<http::Response<Vec<u8>>, TransportError>> {
        Box::pin(async move {
            let abort = AbortOnDrop(AbortController::new().map_err(|error| unreachable(&error))?);
            tokio::select! {
                biased;
                answer = exchange(request, abort.0.signal()) => answer,
                () = sleep(timeout) => Err(TransportError::Timeout),
            }
        })
    }
}

/// Aborts what listens to it when the request is given up. Aborting what is done has no effect.
struct AbortOnDrop(AbortController);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn exchange(
    request: http::Request<Vec<u8>>,
    signal: AbortSignal,
) -> Result<http::Response<Vec<u8>>, TransportError> {
    let (head, body) = request.into_parts();
    let headers = Headers::new();
    for (name, value) in &head.headers {
        // A value that is no text cannot be sent by `fetch`; none of ours is.
        headers.append(name.as_str(), value.to_str().unwrap_or_default());
    }
    let builder = RequestBuilder::new(&head.uri.to_string())
        .method(head.method)
        .headers(headers)
        .abort_signal(Some(&signal))
        .cache(RequestCache::NoStore)
        .credentials(RequestCredentials::Omit)
        .referrer_policy(ReferrerPolicy::NoReferrer);
    // `fetch` refuses a GET with a body, even an empty one.
    let request = if body.is_empty() { builder.build() } else { builder.body(Uint8Array::from(body.as_slice())) };
    let answer = request.map_err(broken)?.send().await.map_err(broken)?;
    let mut response = http::Response::builder().status(answer.status());
    // Nobody asks for any other: reading them all takes a table of all names that there are.
    if let Some(pause) = answer.headers().get("retry-after") {
        response = response.header(http::header::RETRY_AFTER, pause);
    }
    let body = match answer.body() {
        Some(stream) => read(&stream, expected_length(&answer)).await?,
        None => Vec::new(),
    };
    response.body(body).map_err(|error| TransportError::Unreachable(error.to_string()))
}

/// Returns how long the body says it is, 0 if it does not: a compressed one is longer in the end, never shorter.
fn expected_length(answer: &Response) -> usize {
    answer.headers().get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0)
}

/// Reads a body piece by piece, and copies it into wasm's memory once and only when all of it is there: that memory
/// never shrinks, so it must not grow by doubling.
async fn read(stream: &ReadableStream, expected: usize) -> Result<Vec<u8>, TransportError> {
    let reader: ReadableStreamDefaultReader = stream.get_reader().unchecked_into();
    let mut chunks: Vec<Uint8Array> = Vec::new();
    let mut length = 0;
    loop {
        if length.max(expected) > limits::UPSTREAM_RESPONSE {
            return Err(TransportError::TooLarge(limits::UPSTREAM_RESPONSE));
        }
        let next = JsFuture::from(reader.read()).await.map_err(|error| unreachable(&error))?;
        let next: IteratorNext = next.unchecked_into();
        if next.done() {
            break;
        }
        let chunk: Uint8Array = next.value().unchecked_into();
        length += chunk.length() as usize;
        chunks.push(chunk);
    }
    let mut body = Vec::new();
    body.try_reserve_exact(length).map_err(|_| TransportError::TooLarge(length))?;
    for chunk in chunks {
        let start = body.len();
        body.resize(start + chunk.length() as usize, 0);
        chunk.copy_to(&mut body[start..]);
    }
    Ok(body)
}

fn broken(error: gloo_net::Error) -> TransportError {
    TransportError::Unreachable(error.to_string())
}

fn unreachable(error: &JsValue) -> TransportError {
    let message = error.dyn_ref::<js_sys::Error>().map(|error| String::from(error.message()));
    TransportError::Unreachable(message.unwrap_or_else(|| "the connection broke".to_owned()))
}
