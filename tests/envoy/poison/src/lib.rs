//! A hostile neighbour, for tests: any plugin with the same `vm_id` may read and write the shared data of all.
//!
//! `x-key` names an entry. With `x-value` (hex) the entry is overwritten, whatever version it has; the answer is 200.
//! `x-times` has the value written so many times over, for entries larger than a header may be.
//! Without it the answer's body is the entry in hex, or 404.

use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::{Action, LogLevel};

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_http_context(|_, _| Box::new(Poison));
}}

struct Poison;

impl Context for Poison {}

impl HttpContext for Poison {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        let key = self.get_http_request_header("x-key").unwrap_or_default();
        match self.get_http_request_header("x-value") {
            Some(value) => self.overwrite(&key, &unhex(&value).repeat(self.times())),
            None => self.show(&key),
        }
        Action::Pause
    }
}

impl Poison {
    fn times(&self) -> usize {
        self.get_http_request_header("x-times").and_then(|times| times.parse().ok()).unwrap_or(1)
    }

    fn overwrite(&self, key: &str, value: &[u8]) {
        let done = hostcalls::set_shared_data(key, Some(value), None).is_ok();
        self.send_http_response(if done { 200 } else { 500 }, vec![], None);
    }

    fn show(&self, key: &str) {
        match hostcalls::get_shared_data(key) {
            Ok((Some(value), _)) => self.send_http_response(200, vec![], Some(hex(&value).as_bytes())),
            _ => self.send_http_response(404, vec![], None),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len() / 2).filter_map(|at| u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()).collect()
}
