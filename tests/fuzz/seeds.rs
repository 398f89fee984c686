//! What the inputs are made of: bodies as homeservers and clients send them.

pub const SYNCS: &[&str] =
    &[include_str!("seeds/sync.json"), include_str!("seeds/sync_quiet.json"), include_str!("seeds/sync_leave.json")];
pub const V4: &[&str] = &[include_str!("seeds/request_v4.json")];
pub const SIMPLIFIED: &[&str] =
    &[include_str!("seeds/request_simplified.json"), include_str!("seeds/request_js_sdk.json")];
pub const MESSAGES: &[&str] = &[include_str!("seeds/messages.json")];
pub const CONTEXT: &[&str] = &[include_str!("seeds/context.json")];
pub const EVENT: &[&str] = &[include_str!("seeds/event.json")];

/// The smaller answers, one a line.
pub fn answers() -> Vec<&'static str> {
    include_str!("seeds/answers.txt").lines().collect()
}

/// Contents of account data that we read.
pub fn account_data() -> Vec<&'static str> {
    include_str!("seeds/account_data.txt").lines().collect()
}

/// Stored records: table and value.
pub fn records() -> Vec<(&'static str, &'static str)> {
    include_str!("seeds/records.txt").lines().filter_map(|line| line.split_once(' ')).collect()
}
