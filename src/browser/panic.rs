//! What happens when the engine panics: the page is told, with the place in the code, and nothing is called any more.

use std::cell::RefCell;

use js_sys::Function;
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

thread_local! {
    /// A panic hook must be `Send`, a JavaScript function is not: the hook finds it here.
    static REPORT: RefCell<Option<Function>> = const { RefCell::new(None) };
}

/// Calls `report` with the message when the engine panics. After that no call into this module may be made.
#[wasm_bindgen(js_name = onPanic)]
pub fn on_panic(#[wasm_bindgen(unchecked_param_type = "(message: string) => void")] report: Function) {
    REPORT.with(|slot| slot.replace(Some(report)));
    std::panic::set_hook(Box::new(|panic| {
        let message = JsValue::from(panic.to_string());
        web_sys::console::error_1(&message);
        // A panic while the report is set or made has no one to tell but the console.
        let report = REPORT.with(|slot| slot.try_borrow().ok().and_then(|slot| slot.clone()));
        if let Some(report) = report {
            let _ = report.call1(&JsValue::NULL, &message);
        }
    }));
}
