//! Counts of requests and bytes by endpoint, and the last requests one by one.

use std::collections::{BTreeMap, VecDeque};

use serde::Serialize;

/// Beyond these, new endpoints are counted together and old requests forgotten.
const ENDPOINTS: usize = 500;
const REQUESTS: usize = 2_000;

#[derive(Debug, Default, Serialize)]
pub struct Stats {
    pub endpoints: BTreeMap<String, Count>,
    pub total: Count,
    #[serde(skip)]
    pub requests: VecDeque<Line>,
}

#[derive(Debug, Default, Clone, Serialize)]
pub struct Count {
    pub requests: u64,
    pub errors: u64,
    pub bytes_in: u64,
    pub bytes_out: u64,
    pub ms: u64,
    pub longest_ms: u64,
}

/// One request that was answered.
#[derive(Debug, Clone, Serialize)]
pub struct Line {
    pub method: String,
    pub path: String,
    pub query: String,
    pub user: Option<String>,
    pub status: u16,
    pub bytes_in: u64,
    pub bytes_out: u64,
    pub ms: u64,
    /// When it was answered, milliseconds since the epoch.
    pub at: u64,
}

impl Stats {
    pub fn add(&mut self, endpoint: String, line: Line) {
        let known = self.endpoints.contains_key(&endpoint) || self.endpoints.len() < ENDPOINTS;
        self.endpoints.entry(if known { endpoint } else { "other".to_owned() }).or_default().add(&line);
        self.total.add(&line);
        if self.requests.len() == REQUESTS {
            self.requests.pop_front();
        }
        self.requests.push_back(line);
    }
}

impl Count {
    fn add(&mut self, line: &Line) {
        self.requests += 1;
        self.errors += u64::from(line.status >= 400);
        self.bytes_in += line.bytes_in;
        self.bytes_out += line.bytes_out;
        self.ms += line.ms;
        self.longest_ms = self.longest_ms.max(line.ms);
    }
}
