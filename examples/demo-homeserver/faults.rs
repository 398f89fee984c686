//! Faults on order: what is to happen to the next requests, instead of the answer or on top of it.
//!
//! Knows paths and users only, nothing of Matrix. The first fault that matches a request is used up by it.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{error::ApiError, http::Reply};

/// One order, the body of `POST /_demo/fault`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fault {
    /// Beginning of the path behind `/_matrix/client/v3`; empty = every request.
    pub path: String,
    pub method: Option<String>,
    /// Only requests of this user.
    pub user: Option<String>,
    /// Only requests whose raw query contains this.
    pub query: Option<String>,
    /// How many requests are hit; absent = one, 0 = all until deleted.
    pub times: Option<u32>,
    /// How many matching requests pass first.
    pub skip: u32,
    pub delay_ms: u64,
    /// Answer with this status instead of handling the request.
    pub status: Option<u16>,
    pub errcode: Option<String>,
    pub error: Option<String>,
    pub retry_after_ms: Option<u64>,
    /// The body that goes with `status`: a string is sent verbatim, anything else as JSON.
    pub body: Option<Value>,
    /// Handle the request, then answer `null`, or 200 with nothing.
    pub reply: Option<Emptiness>,
    /// Handle the request, then send half of the answer and close.
    pub cut: bool,
    /// Handle the request, then close without a byte: a lost answer.
    pub drop: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Emptiness {
    Null,
    Empty,
}

/// An answer that is given as it stands to the next `/sync` of a user.
#[derive(Debug, Clone, Deserialize)]
pub struct Scripted {
    #[serde(default = "ok")]
    pub status: u16,
    /// A string is sent verbatim, anything else as JSON.
    #[serde(default)]
    pub body: Value,
    #[serde(default)]
    pub delay_ms: u64,
}

fn ok() -> u16 {
    200
}

#[derive(Debug, Default)]
pub struct Faults {
    orders: Vec<Fault>,
    scripts: BTreeMap<String, VecDeque<Scripted>>,
}

impl Faults {
    pub fn order(&mut self, fault: Fault) {
        self.orders.push(fault);
    }

    pub fn orders(&self) -> &[Fault] {
        &self.orders
    }

    pub fn clear(&mut self) {
        self.orders.clear();
        self.scripts.clear();
    }

    pub fn script(&mut self, user: &str, responses: Vec<Scripted>) {
        self.scripts.entry(user.to_owned()).or_default().extend(responses);
    }

    pub fn next_script(&mut self, user: &str) -> Option<Scripted> {
        self.scripts.get_mut(user)?.pop_front()
    }

    /// Returns the fault that hits this request.
    pub fn take(&mut self, method: &str, path: &str, query: &str, user: Option<&str>) -> Option<Fault> {
        let mut hit = None;
        for (index, fault) in self.orders.iter_mut().enumerate() {
            let is_user = fault.user.as_deref().is_none_or(|wanted| user == Some(wanted));
            let is_method = fault.method.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method));
            let is_query = fault.query.as_deref().is_none_or(|part| query.contains(part));
            if !path.starts_with(&fault.path) || !is_user || !is_method || !is_query {
                continue;
            }
            if fault.skip > 0 {
                fault.skip -= 1;
                continue;
            }
            hit = Some(index);
            break;
        }
        let index = hit?;
        let fault = self.orders[index].clone();
        match fault.times.unwrap_or(1) {
            0 => {}
            1 => _ = self.orders.remove(index),
            more => self.orders[index].times = Some(more - 1),
        }
        Some(fault)
    }
}

impl Fault {
    /// Returns what is answered instead of handling the request.
    pub fn instead(&self) -> Option<Reply> {
        let errcode = self.errcode.as_deref();
        let status = self.status.or(errcode.map(|_| 400))?;
        if let Some(body) = &self.body {
            return Some(Reply::raw(status, text_of(body)));
        }
        let error = self.error.clone().unwrap_or_else(|| "ordered by the test".to_owned());
        let mut error = ApiError::new(status, errcode.unwrap_or("M_UNKNOWN"), error);
        if let Some(retry_after) = self.retry_after_ms {
            error = error.with("retry_after_ms", json!(retry_after));
        }
        Some(Reply::error(&error))
    }
}

impl Scripted {
    pub fn reply(&self) -> Reply {
        Reply::raw(self.status, text_of(&self.body))
    }
}

fn text_of(body: &Value) -> String {
    body.as_str().map_or_else(|| body.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(json: Value) -> Fault {
        serde_json::from_value(json).expect("a fault")
    }

    #[test]
    fn a_fault_hits_as_often_as_ordered_after_those_it_lets_pass() {
        let mut faults = Faults::default();
        faults.order(fault(json!({ "path": "/sync", "skip": 1, "times": 2, "status": 502 })));
        let hits: Vec<bool> = (0..5).map(|_| faults.take("GET", "/sync", "", None).is_some()).collect();
        assert_eq!(hits, [false, true, true, false, false]);
    }

    #[test]
    fn a_fault_for_one_user_and_path_leaves_others_alone() {
        let mut faults = Faults::default();
        faults.order(fault(json!({ "path": "/rooms/", "user": "@a:b", "times": 0, "errcode": "M_LIMIT_EXCEEDED", "status": 429, "retry_after_ms": 7 })));
        assert!(faults.take("GET", "/sync", "", Some("@a:b")).is_none());
        assert!(faults.take("GET", "/rooms/x/state", "", Some("@c:b")).is_none());
        let reply = faults
            .take("GET", "/rooms/x/state", "", Some("@a:b"))
            .and_then(|fault| fault.instead())
            .expect("an answer");
        assert_eq!(reply.status, 429);
        assert!(String::from_utf8_lossy(&reply.body).contains("\"retry_after_ms\":7"));
    }
}
