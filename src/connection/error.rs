//! Why a request is not answered.

/// Why sliding sync refuses a request. The wires give each its status and `errcode`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SyncError {
    /// `pos` is foreign, of another connection, or forgotten.
    #[error("unknown pos: start the connection anew")]
    UnknownPos,
    /// A field has a value that cannot be taken.
    #[error("{field}: {message}")]
    InvalidParam {
        /// Which, as a path into the request.
        field: &'static str,
        /// What is wrong with it.
        message: String,
    },
    /// A newer request on the same connection has taken this one's place.
    #[error("a newer request on this connection has taken this one's place")]
    Superseded,
}
