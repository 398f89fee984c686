//! The requests that we make of a homeserver. `ruma` writes them; the answers come back as bytes, for our own lenient
//! readers.

use std::{borrow::Cow, cell::RefCell, collections::BTreeSet, rc::Rc, time::Duration};

use http::{Request, Response, Uri};
use ruma::{
    EventId, OwnedRoomId, RoomId, UInt,
    api::{
        Direction, MatrixVersion, OutgoingRequest, OutgoingRequestExt, SupportedVersions,
        auth_scheme::{AccessToken, SendAccessToken},
        client::{
            context::get_context,
            filter::FilterDefinition,
            keys::get_key_changes,
            membership::{get_member_events, joined_rooms},
            message::get_message_events,
            push::get_notifications,
            state::get_state_events,
            sync::sync_events,
        },
        path_builder::VersionHistory,
    },
    presence::PresenceState,
};

use super::{HttpClient, UpstreamError, filters, parse};
use crate::limits;

/// MSC4222's name before it was in the specification: homeservers know one name or the other, so both are sent.
const UNSTABLE_USE_STATE_AFTER: &str = "&org.matrix.msc4222.use_state_after=true";

/// A homeserver, asked for one account.
pub struct Homeserver {
    base_url: String,
    http: Rc<dyn HttpClient>,
    versions: RefCell<Option<SupportedVersions>>,
}

/// Writes a request for a homeserver that speaks these versions.
type Write<'a> = Box<dyn FnOnce(&SupportedVersions) -> Result<Request<Vec<u8>>, UpstreamError> + 'a>;

/// One poll of the chain of `since`.
#[derive(Clone, Debug)]
pub struct PollRequest {
    /// Where the chain is; `None` begins it, without rooms.
    pub since: Option<String>,
    /// How long the homeserver may wait for news.
    pub timeout: Duration,
    /// As what the user is to be shown.
    pub set_presence: PresenceState,
    /// Whether others' presence is wanted.
    pub with_presence: bool,
}

impl Homeserver {
    /// Returns the homeserver at `base_url`.
    pub fn new(base_url: impl Into<String>, http: Rc<dyn HttpClient>) -> Homeserver {
        let base_url: String = base_url.into();
        Homeserver { base_url: base_url.trim_end_matches('/').to_owned(), http, versions: RefCell::new(None) }
    }

    /// Asks for the next part of the chain.
    pub async fn poll(&self, token: &str, poll: &PollRequest) -> Result<Vec<u8>, UpstreamError> {
        let filter = match poll.since {
            Some(_) => filters::chain(poll.with_presence),
            None => filters::start(poll.with_presence),
        };
        let mut request = sync_request(filter);
        request.since = poll.since.clone();
        request.timeout = Some(poll.timeout);
        request.set_presence = poll.set_presence.clone();
        self.sync(token, request, poll.timeout + limits::POLL_GRACE).await
    }

    /// Asks for the whole account. It may take minutes; the request is the same to the byte each time, because
    /// homeservers keep its answer for a while.
    pub async fn whole(&self, token: &str) -> Result<Vec<u8>, UpstreamError> {
        let mut request = sync_request(filters::whole());
        request.set_presence = PresenceState::Offline;
        request.timeout = Some(Duration::ZERO);
        self.sync(token, request, limits::WHOLE_TIMEOUT).await
    }

    /// Asks for the invites that are open, and for nothing else.
    pub async fn invites(&self, token: &str) -> Result<Vec<u8>, UpstreamError> {
        let mut request = sync_request(filters::invites());
        request.set_presence = PresenceState::Offline;
        request.timeout = Some(Duration::ZERO);
        self.sync(token, request, limits::UPSTREAM_TIMEOUT).await
    }

    /// Asks which rooms the user is in.
    pub async fn joined_rooms(&self, token: &str) -> Result<Vec<OwnedRoomId>, UpstreamError> {
        let body = self.request(token, joined_rooms::v3::Request::new()).await?;
        parse::joined_rooms(&body).map_err(unreadable)
    }

    /// Asks for the rooms of the user's latest notifications, latest first.
    pub async fn notified_rooms(&self, token: &str) -> Result<Vec<OwnedRoomId>, UpstreamError> {
        let mut request = get_notifications::v3::Request::new();
        request.limit = Some(limits::SCOUT_NOTIFICATIONS.into());
        let body = self.request(token, request).await?;
        parse::notifications(&body).map_err(unreadable)
    }

    /// Asks for the events before `from`, or for the latest ones.
    pub async fn messages(
        &self,
        token: &str,
        room: &RoomId,
        from: Option<String>,
        limit: u32,
    ) -> Result<Vec<u8>, UpstreamError> {
        let mut request = get_message_events::v3::Request::new(room.to_owned(), Direction::Backward);
        request.from = from;
        request.limit = UInt::from(limit);
        request.filter = filters::lazy_members();
        self.request(token, request).await
    }

    /// Asks for the state at an event, with the members that it takes to show it.
    pub async fn context(&self, token: &str, room: &RoomId, event: &EventId) -> Result<Vec<u8>, UpstreamError> {
        let mut request = get_context::v3::Request::new(room.to_owned(), event.to_owned());
        request.limit = UInt::from(0u32);
        request.filter = filters::lazy_members();
        self.request(token, request).await
    }

    /// Asks for all of a room's state, members and all.
    pub async fn state(&self, token: &str, room: &RoomId) -> Result<Vec<u8>, UpstreamError> {
        self.request(token, get_state_events::v3::Request::new(room.to_owned())).await
    }

    /// Asks for all members of a room.
    pub async fn members(&self, token: &str, room: &RoomId) -> Result<Vec<u8>, UpstreamError> {
        self.request(token, get_member_events::v3::Request::new(room.to_owned())).await
    }

    /// Asks whose device lists changed between two tokens of the chain.
    pub async fn key_changes(&self, token: &str, from: &str, to: &str) -> Result<Vec<u8>, UpstreamError> {
        self.request(token, get_key_changes::v3::Request::new(from.to_owned(), to.to_owned())).await
    }

    async fn sync(
        &self,
        token: &str,
        request: sync_events::v3::Request,
        timeout: Duration,
    ) -> Result<Vec<u8>, UpstreamError> {
        let write = |versions: &SupportedVersions| {
            let mut request = self.write(token, versions, request)?;
            let uri = format!("{}{UNSTABLE_USE_STATE_AFTER}", request.uri());
            *request.uri_mut() = uri.parse::<Uri>().map_err(|error| UpstreamError::Request(error.to_string()))?;
            Ok(request)
        };
        self.ask(token, Box::new(write), timeout).await
    }

    async fn request<R>(&self, token: &str, request: R) -> Result<Vec<u8>, UpstreamError>
    where
        R: OutgoingRequest<Authentication = AccessToken, PathBuilder = VersionHistory>,
    {
        let write = |versions: &SupportedVersions| self.write(token, versions, request);
        self.ask(token, Box::new(write), limits::UPSTREAM_TIMEOUT).await
    }

    fn write<R>(&self, token: &str, versions: &SupportedVersions, request: R) -> Result<Request<Vec<u8>>, UpstreamError>
    where
        R: OutgoingRequest<Authentication = AccessToken, PathBuilder = VersionHistory>,
    {
        request
            .try_into_http_request(&self.base_url, SendAccessToken::IfRequired(token), Cow::Borrowed(versions))
            .map_err(|error| UpstreamError::Request(error.to_string()))
    }

    /// What every request does, whatever its type.
    async fn ask(&self, token: &str, write: Write<'_>, timeout: Duration) -> Result<Vec<u8>, UpstreamError> {
        let versions = self.versions(token).await?;
        self.send(write(&versions)?, timeout).await
    }

    /// Returns what the homeserver speaks, which decides between `v3` and `r0` paths. Asked once; where it does not
    /// answer in the usual way, it is taken for a modern one.
    async fn versions(&self, token: &str) -> Result<SupportedVersions, UpstreamError> {
        if let Some(versions) = self.versions.borrow().as_ref() {
            return Ok(versions.clone());
        }
        let request = Request::get(format!("{}/_matrix/client/versions", self.base_url))
            .header(http::header::AUTHORIZATION, format!("Bearer {token}"))
            .body(Vec::new())
            .map_err(|error| UpstreamError::Request(error.to_string()))?;
        let named = match self.send(request, limits::UPSTREAM_TIMEOUT).await {
            Ok(body) => parse::versions(&body).map_err(unreadable)?,
            Err(error) if error.is_missing_endpoint() => Vec::new(),
            Err(error) => return Err(error),
        };
        let mut versions = SupportedVersions { versions: BTreeSet::new(), features: BTreeSet::new() };
        versions.versions.extend(named.iter().filter_map(|name| MatrixVersion::try_from(name.as_str()).ok()));
        if versions.versions.is_empty() {
            versions.versions.insert(MatrixVersion::V1_1);
        }
        *self.versions.borrow_mut() = Some(versions.clone());
        Ok(versions)
    }

    async fn send(&self, request: Request<Vec<u8>>, timeout: Duration) -> Result<Vec<u8>, UpstreamError> {
        let response: Response<Vec<u8>> = self.http.send(request, timeout).await?;
        if response.status().is_success() {
            Ok(response.into_body())
        } else {
            Err(UpstreamError::from_response(&response))
        }
    }
}

fn sync_request(filter: FilterDefinition) -> sync_events::v3::Request {
    let mut request = sync_events::v3::Request::new();
    request.filter = Some(sync_events::v3::Filter::FilterDefinition(filter));
    request.use_state_after = true;
    request
}

fn unreadable(error: impl std::fmt::Display) -> UpstreamError {
    UpstreamError::Unreadable(error.to_string())
}
