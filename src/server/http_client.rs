//! How a shard reaches the homeserver: a client of its own, so that shards share nothing.

use std::time::Duration;

use http::{Request, Response};

use super::homeserver::cause;
use crate::{
    limits::{CONNECT_TIMEOUT, UPSTREAM_RESPONSE},
    platform::{LocalFuture, sleep},
    upstream::{HttpClient, TransportError},
};

/// A client of one shard.
#[derive(Clone, Debug)]
pub struct ShardHttpClient {
    client: reqwest::Client,
    largest_answer: usize,
}

impl ShardHttpClient {
    /// Makes a client. Its connections belong to the runtime that it is first used on.
    pub fn new() -> Result<ShardHttpClient, reqwest::Error> {
        let client = reqwest::Client::builder()
            .user_agent(concat!("sash-sync/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .gzip(true)
            .build()?;
        Ok(ShardHttpClient { client, largest_answer: UPSTREAM_RESPONSE })
    }

    async fn exchange(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, TransportError> {
        let request = reqwest::Request::try_from(request).map_err(|error| unreachable(&error))?;
        let mut response = self.client.execute(request).await.map_err(|error| unreachable(&error))?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| unreachable(&error))? {
            if body.len() + chunk.len() > self.largest_answer {
                return Err(TransportError::TooLarge(self.largest_answer));
            }
            body.extend_from_slice(&chunk);
        }
        let mut answer = Response::new(body);
        *answer.status_mut() = response.status();
        *answer.headers_mut() = std::mem::take(response.headers_mut());
        Ok(answer)
    }
}

impl HttpClient for ShardHttpClient {
    fn send<'a>(
        &'a self,
        request: Request<Vec<u8>>,
        timeout: Duration,
    ) -> LocalFuture<'a, Result<Response<Vec<u8>>, TransportError>> {
        Box::pin(async move {
            tokio::select! {
                biased;
                answer = self.exchange(request) => answer,
                () = sleep(timeout) => Err(TransportError::Timeout),
            }
        })
    }
}

fn unreachable(error: &reqwest::Error) -> TransportError {
    if error.is_timeout() { TransportError::Timeout } else { TransportError::Unreachable(cause(error)) }
}
