//! Names the two targets once: `cfg(browser)` and `cfg(server)`. No other file says `target_arch`
//! (`tests/tidy.rs` checks it), except `platform/` and the manifest.

fn main() {
    cfg_aliases::cfg_aliases! {
        browser: { target_arch = "wasm32" },
        server: { all(feature = "server", not(target_arch = "wasm32")) },
    }
    println!("cargo::rerun-if-changed=build.rs");
}
