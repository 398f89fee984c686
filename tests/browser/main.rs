//! What can be seen in a browser only, run inside a dedicated worker: the place where the engine runs.
#![cfg(browser)]

mod fetch;
mod indexeddb;

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_dedicated_worker);
