//! The access tokens of polled devices, kept encrypted so that a restarted server goes on polling.
//!
//! Invariants: a token can be decrypted for the user and device it was stored for, and for nobody else; one that cannot
//! be read is as good as none (the device's next request brings it again) and never keeps the server from starting.

mod cipher;
mod store;

pub use self::{
    cipher::{Cipher, Sealed},
    store::{KeptToken, TokenStore, TokenStoreError},
};
