//! Fuzzing of everything that reads what a client, a homeserver or the disk brings: real bodies, edited and damaged.
//!
//! Each target runs half a second with the same inputs each time; `SASH_FUZZ_SECONDS=60 SASH_FUZZ_SEED=7 cargo test --test
//! fuzz requests` runs some of them longer and with others. What fails is shrunk and kept in `regressions/<target>`, where
//! every run begins.

mod account;
mod answers;
mod model;
mod pipeline;
mod requests;
mod seeds;
mod stores;
mod support;
