//! Requests by the browser's `fetch`. The page that runs these tests is the homeserver: it serves its own files.

use std::time::Duration;

use sash_sync::{
    browser::Fetch,
    upstream::{HttpClient, TransportError},
};
use wasm_bindgen::JsValue;
use wasm_bindgen_test::wasm_bindgen_test;

const LONG: Duration = Duration::from_secs(20);

fn origin() -> String {
    let location = js_sys::Reflect::get(&js_sys::global(), &"location".into()).unwrap();
    js_sys::Reflect::get(&location, &"origin".into()).unwrap().as_string().unwrap()
}

fn get(uri: &str) -> http::Request<Vec<u8>> {
    http::Request::get(uri).header("authorization", "Bearer secret").body(Vec::new()).unwrap()
}

/// How many bytes there are at `uri`, by the browser's own count.
async fn length(uri: &str) -> usize {
    let count = js_sys::Function::new_with_args(
        "uri",
        "return fetch(uri).then((r) => r.arrayBuffer()).then((b) => b.byteLength)",
    );
    let promise: js_sys::Promise = count.call1(&JsValue::NULL, &uri.into()).unwrap().into();
    wasm_bindgen_futures::JsFuture::from(promise).await.unwrap().as_f64().unwrap() as usize
}

#[wasm_bindgen_test]
async fn a_body_of_many_pieces_arrives_whole() {
    let uri = format!("{}/wasm-bindgen-test_bg.wasm", origin());
    let response = Fetch.send(get(&uri), LONG).await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(response.headers().is_empty(), "of the headers only Retry-After is taken over: {:?}", response.headers());
    assert_eq!(&response.body()[..4], b"\0asm");
    assert_eq!(response.body().len(), length(&uri).await);
}

#[wasm_bindgen_test]
async fn an_error_status_is_an_answer() {
    let response = Fetch.send(get(&format!("{}/nothing/here", origin())), LONG).await.unwrap();
    assert_eq!(response.status(), 404);
}

#[wasm_bindgen_test]
async fn a_homeserver_that_is_not_there_is_unreachable() {
    let result = Fetch.send(get("http://127.0.0.1:9/_matrix/client/versions"), LONG).await;
    assert!(matches!(result, Err(TransportError::Unreachable(_))), "{result:?}");
}

#[wasm_bindgen_test]
async fn an_answer_that_takes_too_long_is_given_up() {
    let result = Fetch.send(get(&format!("{}/wasm-bindgen-test_bg.wasm", origin())), Duration::ZERO).await;
    assert!(matches!(result, Err(TransportError::Timeout)), "{result:?}");
}

#[wasm_bindgen_test]
async fn a_dropped_request_is_aborted() {
    // The browser's own record of what it loaded says nothing of aborted requests; its `fetch` does, to a listener.
    let watch = js_sys::Function::new_no_args(
        "const original = globalThis.fetch; globalThis.aborted = 0; \
         globalThis.fetch = (request) => { request.signal.addEventListener('abort', () => globalThis.aborted++); return original(request); }; \
         return () => { globalThis.fetch = original; return globalThis.aborted; }",
    );
    let restore: js_sys::Function = watch.call0(&JsValue::NULL).unwrap().into();
    {
        let uri = format!("{}/wasm-bindgen-test_bg.wasm", origin());
        let mut sending = Fetch.send(get(&uri), LONG);
        let polled =
            std::future::poll_fn(|context| std::task::Poll::Ready(sending.as_mut().poll(context).is_pending()));
        assert!(polled.await, "the request is under way");
    }
    let aborted = restore.call0(&JsValue::NULL).unwrap();
    assert_eq!(aborted.as_f64(), Some(1.0));
}
