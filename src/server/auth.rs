//! Who asks, as the homeserver says it.

use std::sync::Arc;

use axum::http::StatusCode;
use tokio::sync::Semaphore;

use super::{
    error::ApiError,
    homeserver::Homeserver,
    identity::{Identity, Token},
    trust::Trust,
};
use crate::{
    limits::WHOAMI_CONCURRENT,
    platform::{Clock, SystemClock},
};

/// Answers whose a token is.
#[derive(Debug)]
pub struct Auth {
    homeserver: Arc<Homeserver>,
    trust: Arc<Trust>,
    /// Nobody can make us ask the homeserver more than this at a time.
    questions: Semaphore,
}

impl Auth {
    /// Asks `homeserver` what `trust` does not know.
    pub fn new(homeserver: Arc<Homeserver>, trust: Arc<Trust>) -> Auth {
        Auth { homeserver, trust, questions: Semaphore::new(WHOAMI_CONCURRENT) }
    }

    /// Returns whose a valid token is.
    pub async fn identify(&self, token: &Token) -> Result<Identity, ApiError> {
        let hash = token.hash();
        if let Some(identity) = self.trust.trusted(hash, SystemClock.now()) {
            return Ok(identity);
        }
        // It is never closed, so this never fails; if it did, we would merely not be held back.
        let _permit = self.questions.acquire().await;
        // Another request may have asked while this one waited.
        if let Some(identity) = self.trust.trusted(hash, SystemClock.now()) {
            return Ok(identity);
        }
        match self.homeserver.whoami(token).await {
            Ok(identity) => {
                self.trust.confirmed(hash, identity.clone(), SystemClock.now());
                Ok(identity)
            }
            Err(error) => {
                if error.status == StatusCode::UNAUTHORIZED {
                    self.trust.revoked(hash);
                }
                Err(error)
            }
        }
    }

    /// Returns whose a token is or was. Asks the homeserver only about tokens never seen before; `None` where it does
    /// not say.
    pub async fn owner(&self, token: &Token) -> Option<Identity> {
        match self.trust.owner(token.hash()) {
            Some(identity) => Some(identity),
            None => self.identify(token).await.ok(),
        }
    }

    /// The token is valid no more.
    pub fn revoked(&self, token: &Token) {
        self.trust.revoked(token.hash());
    }
}
