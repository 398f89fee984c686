//! The browser engine: one account in a dedicated worker, as JavaScript sees it.
//!
//! Invariants: nothing here decides anything about sync; the page's side (`js/`) knows no protocol, and this side knows no
//! page. An engine that has panicked is never called again: the worker says so to the page and ends.

mod answer;
mod console;
mod engine;
mod error;
mod fetch;
mod indexeddb;
mod panic;

use serde::Serialize;
use wasm_bindgen::JsValue;

pub use engine::Engine;
pub use fetch::Fetch;
pub use indexeddb::IndexedDbStorage;

/// Returns a value as the page gets it.
fn to_value<T: Serialize>(value: &T) -> JsValue {
    let json = serde_json::to_string(value).ok();
    json.and_then(|json| js_sys::JSON::parse(&json).ok()).unwrap_or(JsValue::UNDEFINED)
}
