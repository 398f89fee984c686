//! Repository rules, checked like behaviour: what the modules may name, and what no file may hold. The rules' reasons are in
//! `ARCHITECTURE.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Everything that stands in `src/`, and what of the crate each may name. A new module belongs here first.
const EDGES: &[(&str, &[&str])] = &[
    ("limits", &[]),
    ("model", &["limits"]),
    ("accumulator", &["model", "limits"]),
    ("cache", &["model", "limits"]),
    ("connection", &["model", "cache", "limits"]),
    ("protocol", &["model", "connection", "limits"]),
    ("storage", &["model", "limits", "platform"]),
    ("platform", &["model", "limits"]),
    ("upstream", &["model", "limits", "platform"]),
    ("poller", DRIVER),
    ("account", DRIVER),
    ("browser", OUTSIDE),
    ("server", OUTSIDE),
];

/// A driver wires every module but those of a target.
const DRIVER: &[&str] = &[
    "account",
    "accumulator",
    "cache",
    "connection",
    "limits",
    "model",
    "platform",
    "poller",
    "protocol",
    "storage",
    "upstream",
];

/// A target names everything but the other target.
const OUTSIDE: &[&str] = DRIVER;

/// The deciding code: synchronous, deterministic, without I/O, clock, randomness or locks.
const PURE: &[&str] = &["limits", "model", "accumulator", "cache", "connection", "protocol"];

/// Names by which I/O, clocks, randomness, tasks and locks come into Rust code.
const IMPURE: &[&str] = &[
    "Instant",
    "Mutex",
    "RwLock",
    "SystemTime",
    "async",
    "axum",
    "getrandom",
    "gloo_net",
    "gloo_timers",
    "indexed_db_futures",
    "js_sys",
    "rand",
    "reqwest",
    "rusqlite",
    "std::env",
    "std::fs",
    "std::io",
    "std::net",
    "std::process",
    "std::thread",
    "tokio",
    "wasm_bindgen",
    "wasm_bindgen_futures",
    "web_sys",
];

/// Where `cfg(browser)` and `cfg(server)` may stand.
const TARGETS_SHOW_IN: &[&str] = &[
    "src/lib.rs",
    "src/main.rs",
    "src/platform/",
    "src/browser/",
    "src/server/",
    // A suite of tests that every target runs under its own test attribute.
    "src/storage/conformance.rs",
];

const MAX_LINES: usize = 800;

#[test]
fn every_module_says_what_it_is() {
    let mut faults =
        Faults::new("start the module with a `//!` comment: what it is, its invariants, what it does not know");
    for file in sources() {
        let documented =
            file.text.lines().find(|line| !line.trim().is_empty()).is_some_and(|line| line.starts_with("//!"));
        if !documented {
            faults.add(&file.path);
        }
    }
    faults.check();
}

#[test]
fn modules_name_only_what_they_may() {
    let mut faults = Faults::new("see EDGES in tests/tidy.rs, and ARCHITECTURE.md for why");
    let sources = sources();
    // A macro that is exported stands at the root, wherever it is written.
    let macros: Vec<String> = sources.iter().flat_map(File::macros).collect();
    for file in sources.iter().filter(|file| !file.is_test()) {
        let Some(module) = file.module() else { continue };
        let Some((_, allowed)) = EDGES.iter().find(|(name, _)| *name == module) else {
            faults.add(format!("{}: module `{module}` has no entry in EDGES", file.path));
            continue;
        };
        for name in file.crate_names() {
            if name != module && !allowed.contains(&name.as_str()) && !macros.contains(&name) {
                faults.add(format!("{}: `{module}` names `{name}`", file.path));
            }
        }
    }
    faults.check();
}

#[test]
fn deciding_code_knows_no_io_clock_randomness_or_lock() {
    let mut faults = Faults::new("the pure modules take such things as arguments and return values");
    let is_pure = |file: &&File| !file.is_test() && file.module().is_some_and(|module| PURE.contains(&module));
    for file in sources().iter().filter(is_pure) {
        for (number, line) in file.code().lines().enumerate() {
            for name in IMPURE.iter().filter(|name| has_word(line, name)) {
                faults.add(format!("{}:{}: {name}", file.path, number + 1));
            }
        }
    }
    faults.check();
}

#[test]
fn targets_show_only_at_the_edge() {
    let mut faults =
        Faults::new("say cfg(browser) or cfg(server), and only in platform/, browser/, server/, lib.rs and main.rs");
    for file in tracked().iter().filter(|file| file.path.ends_with(".rs")) {
        if file.path.starts_with("src/platform/") || ["build.rs", "tests/tidy.rs"].contains(&file.path.as_str()) {
            continue;
        }
        for (number, line) in file.code().lines().enumerate() {
            let at_edge =
                !file.path.starts_with("src/") || TARGETS_SHOW_IN.iter().any(|place| file.path.starts_with(place));
            if line.contains("target_arch") || (!at_edge && names_a_target(line)) {
                faults.add(format!("{}:{}: {}", file.path, number + 1, line.trim()));
            }
        }
    }
    faults.check();
}

#[test]
fn files_stay_small() {
    let mut faults = Faults::new(format!("more than {MAX_LINES} lines are usually two things: split the file"));
    for file in tracked().iter().filter(|file| file.is_source() && !file.is_test()) {
        let lines = file.code().lines().count();
        if lines > MAX_LINES {
            faults.add(format!("{}: {lines} lines", file.path));
        }
    }
    faults.check();
}

#[test]
fn nothing_is_left_undone() {
    // In pieces, so that this file does not hold what it looks for.
    let macros = [concat!("to", "do!"), concat!("unimpl", "emented!"), concat!("#[ig", "nore")];
    let words = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X"), concat!("HA", "CK")];
    let skips: Vec<String> =
        ["test", "it", "describe"].iter().flat_map(|name| [format!("{name}.skip("), format!("{name}.only(")]).collect();
    let mut faults = Faults::new("finish it, or say in the documentation what is not there");
    for file in tracked().iter().filter(|file| file.is_source()) {
        for (number, line) in file.text.lines().enumerate() {
            let undone = macros.iter().any(|text| line.contains(text))
                || words.iter().any(|word| has_word(line, word))
                || skips.iter().any(|text| has_word(line, text));
            if undone {
                faults.add(format!("{}:{}: {}", file.path, number + 1, line.trim()));
            }
        }
    }
    faults.check();
}

#[test]
fn no_file_names_a_machine_or_a_registry() {
    let hosts = [
        concat!("registry.npm", "js.org"),
        concat!("static.crates", ".io"),
        concat!("index.crates", ".io"),
        concat!("py", "pi.org"),
        concat!("files.python", "hosted.org"),
        concat!("deb.deb", "ian.org"),
        concat!("proxy.gol", "ang.org"),
    ];
    let folders = [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/ho", "me/"), concat!("/Us", "ers/")];
    let mut faults = Faults::new("whoever clones this has other paths and may have another registry");
    for file in tracked() {
        for (number, line) in file.text.lines().enumerate() {
            let named = hosts.iter().any(|host| line.contains(host))
                || folders.iter().any(|folder| has_absolute_path(line, folder));
            if named {
                let shown: String = line.trim().chars().take(120).collect();
                faults.add(format!("{}:{}: {shown}", file.path, number + 1));
            }
        }
    }
    faults.check();
}

#[test]
fn links_in_the_documentation_lead_somewhere() {
    let mut faults = Faults::new("links between files are relative to the file they stand in");
    for file in tracked().iter().filter(|file| file.path.ends_with(".md")) {
        let folder = root().join(&file.path).parent().map(Path::to_path_buf).unwrap_or_default();
        for target in markdown_links(&file.text) {
            let path = target.split('#').next().unwrap_or_default();
            let elsewhere = path.is_empty() || path.contains("://") || path.starts_with("mailto:");
            if !elsewhere && !folder.join(path).exists() {
                faults.add(format!("{}: {target}", file.path));
            }
        }
    }
    faults.check();
}

#[test]
fn every_limit_is_documented_with_its_value() {
    let read = |path: &str| fs::read_to_string(root().join(path)).expect("it is there");
    let constants = limits_in_code(&read("src/limits.rs"));
    let documented = limits_in_page(&read("docs/limits.md"));
    let mut faults =
        Faults::new("docs/limits.md says of each constant in src/limits.rs what it is and what happens then");
    for (name, value) in &constants {
        match documented.get(name) {
            Some(Some(said)) if said == value => {}
            Some(said) => faults.add(format!("{name} is {value}, and the page says {said:?}")),
            None => faults.add(format!("{name} ({value}) is not on the page")),
        }
    }
    for name in documented.keys().filter(|name| !constants.contains_key(*name)) {
        faults.add(format!("{name} is on the page only"));
    }
    assert!(constants.len() > 50, "only {} constants are found", constants.len());
    faults.check();
}

/// The checks above see what they are meant to see: each line is an example of what a reader of the code would notice.
mod the_checks_themselves {
    use super::*;

    fn names(path: &str, text: &str) -> Vec<String> {
        File { path: path.into(), text: text.into() }.crate_names().into_iter().collect()
    }

    #[test]
    fn a_path_from_the_root_is_named_by_its_first_part() {
        assert_eq!(
            names("src/cache/mod.rs", "use crate::model::Event;\nfn f() { crate::storage::open() }"),
            ["model", "storage"]
        );
    }

    #[test]
    fn a_group_names_each_of_its_members() {
        let text = "use crate::{\n    cache::{Room, names::Hero},\n    model,\n    storage::Batch as B,\n};";
        assert_eq!(names("src/account.rs", text), ["cache", "model", "storage"]);
    }

    #[test]
    fn a_way_up_to_the_root_counts_and_a_way_to_a_sibling_does_not() {
        assert_eq!(names("src/cache/mod.rs", "use super::storage::Batch;"), ["storage"]);
        assert_eq!(names("src/cache/rooms/index.rs", "use super::super::super::storage::Batch;"), ["storage"]);
        assert!(names("src/cache/rooms.rs", "use super::storage::Batch;").is_empty());
    }

    #[test]
    fn comments_strings_and_tests_name_nothing() {
        let text = "//! [`crate::server`]\n// crate::server\nconst A: &str = \"crate::server\"; /* crate::server */\n#[cfg(test)]\nmod tests {\n    use crate::server;\n}\n";
        assert!(names("src/cache/mod.rs", text).is_empty());
    }

    #[test]
    fn a_lifetime_or_quote_character_does_not_hide_what_follows() {
        let text = "fn f<'a>(x: &'a str) { if x == '\"' {} crate::server::go() } const R: &str = r#\"a \" b\"#; use crate::model;";
        assert_eq!(names("src/cache/mod.rs", text), ["model", "server"]);
    }

    #[test]
    fn words_are_whole() {
        assert!(has_word("use tokio::sync;", "tokio") && has_word("x: std::fs::File", "std::fs"));
        assert!(!has_word("let random = operand;", "rand") && !has_word("std::fsync", "std::fs"));
        assert!(names_a_target("#[cfg(all(browser, feature))]") && names_a_target("if cfg!(server) {"));
        assert!(!names_a_target("#[cfg(test)] mod server;"));
    }

    #[test]
    fn limits_are_read_from_code_and_page() {
        let code = "pub const A: usize = 32 << 20;\npub const B: Duration = Duration::from_secs(30 * 60);\npub const C: u32 = 1_000;";
        let page = "| `A` | 32 MiB | x |\n| `B` | 30 min | x |\n| `C` | 1,000 events | x |\n| other | 7 | x |";
        let constants = limits_in_code(code);
        assert_eq!(constants["A"], 32 << 20);
        assert_eq!(constants["B"], 1_800_000);
        let page = limits_in_page(page);
        assert_eq!(constants.len(), page.len());
        assert!(constants.iter().all(|(name, value)| page[name] == Some(*value)), "{constants:?} {page:?}");
    }

    #[test]
    fn links_in_code_are_no_links() {
        let text = "See [a](docs/a.md \"title\") and ![b](b.png).\n```\n[x](nowhere)\n```\nNot `[y](code)`.";
        assert_eq!(markdown_links(text), ["docs/a.md", "b.png"]);
    }
}

struct File {
    /// Relative to the root, with `/`.
    path: String,
    text: String,
}

impl File {
    fn is_source(&self) -> bool {
        let extension = Path::new(&self.path).extension().and_then(|extension| extension.to_str());
        matches!(extension, Some("rs" | "ts" | "tsx" | "js" | "mjs" | "css" | "html" | "toml"))
    }

    fn is_test(&self) -> bool {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        self.path.starts_with("tests/")
            || self.path.contains("/tests/")
            || name == "tests.rs"
            || name.contains(".test.")
            || name.ends_with("_test.rs")
    }

    /// The top-level module of a file in `src/`; none for `lib.rs` and `main.rs`.
    fn module(&self) -> Option<&str> {
        let first = self.path.strip_prefix("src/")?.split('/').next()?;
        match first {
            "lib.rs" | "main.rs" => None,
            name => Some(name.trim_end_matches(".rs")),
        }
    }

    /// How many modules stand between the file's own and the crate's root, its own included.
    fn depth(&self) -> usize {
        let path = self.path.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod");
        path.split('/').count()
    }

    /// The text without comments, string contents and inline tests, line for line.
    fn code(&self) -> String {
        if !self.path.ends_with(".rs") {
            return self.text.clone();
        }
        let code = blank_comments_and_strings(&self.text);
        // Tests come last in a file, so what follows their attribute is theirs. A mere `mod tests;` is one line of many.
        let tests = code.match_indices("#[cfg(test)]").find(|(at, _)| {
            let item = code[at + "#[cfg(test)]".len()..].trim_start();
            item.starts_with("mod ") && item.find('{').unwrap_or(usize::MAX) < item.find(';').unwrap_or(usize::MAX)
        });
        match tests {
            Some((at, _)) => code[..at].to_owned(),
            None => code,
        }
    }

    /// The names of the macros that are written here.
    fn macros(&self) -> Vec<String> {
        let code = self.code();
        code.split("macro_rules! ").skip(1).flat_map(first_parts).collect()
    }

    /// The names directly under the crate's root that the code mentions.
    fn crate_names(&self) -> BTreeSet<String> {
        let code = self.code();
        let mut names = BTreeSet::new();
        for (at, _) in code.match_indices("crate::") {
            if !code[..at].ends_with(is_word_char) {
                names.extend(first_parts(&code[at + "crate::".len()..]));
            }
        }
        for (at, _) in code.match_indices("super::") {
            if code[..at].ends_with(is_word_char) || code[..at].ends_with("super::") {
                continue;
            }
            let mut rest = &code[at..];
            let mut ups = 0;
            while let Some(next) = rest.strip_prefix("super::") {
                (rest, ups) = (next, ups + 1);
            }
            // Only names that are modules of the root: `super::*` inside inline tests goes up less far than it seems.
            if ups >= self.depth() {
                names.extend(
                    first_parts(rest).into_iter().filter(|name| EDGES.iter().any(|(module, _)| module == name)),
                );
            }
        }
        names
    }
}

/// The first part of a path, or of each path in a group `{a::b, c}`.
fn first_parts(path: &str) -> Vec<String> {
    let Some(group) = path.strip_prefix('{') else {
        return vec![path.chars().take_while(|c| is_word_char(*c)).collect()];
    };
    let (mut depth, mut parts, mut member) = (0_usize, Vec::new(), String::new());
    for c in group.chars() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => parts.push(std::mem::take(&mut member)),
            _ if depth == 0 => member.push(c),
            _ => {}
        }
    }
    parts.push(member);
    let first = |member: &String| member.trim().chars().take_while(|c| is_word_char(*c)).collect::<String>();
    parts.iter().map(first).filter(|name| !name.is_empty()).collect()
}

/// Replaces comments and the contents of strings by spaces; lines stay where they are.
fn blank_comments_and_strings(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let after_word = out.ends_with(is_word_char);
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            block_comment(rest)
        } else if c == '"' {
            string(rest)
        } else if c == 'r' && !after_word {
            raw_string(rest)
        } else if c == '\'' {
            character(rest)
        } else {
            0
        };
        if skipped == 0 {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        } else {
            out.extend(rest[..skipped].chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
            rest = &rest[skipped..];
        }
    }
    out
}

fn block_comment(text: &str) -> usize {
    text.find("*/").map_or(text.len(), |end| end + 2)
}

fn string(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The length of a raw string at the start of `text`; 0 if there is none.
fn raw_string(text: &str) -> usize {
    let hashes = text[1..].chars().take_while(|c| *c == '#').count();
    if !text[1 + hashes..].starts_with('"') {
        return 0;
    }
    let end = format!("\"{}", "#".repeat(hashes));
    let start = hashes + 2;
    text[start..].find(&end).map_or(text.len(), |at| start + at + end.len())
}

/// The length of a character literal at the start of `text`; 0 for a lifetime.
fn character(text: &str) -> usize {
    let mut chars = text.char_indices().skip(1);
    match chars.next() {
        Some((_, '\\')) => text[3.min(text.len())..].find('\'').map_or(0, |at| 3 + at + 1),
        Some(_) => chars.next().filter(|(_, c)| *c == '\'').map_or(0, |(at, _)| at + 1),
        None => 0,
    }
}

/// Whether `line` has a `cfg` that asks for a target by our name for it.
fn names_a_target(line: &str) -> bool {
    ["cfg(", "cfg_attr(", "cfg!("].iter().any(|open| {
        line.match_indices(open).any(|(at, _)| {
            let inside = &line[at + open.len()..];
            let inside = &inside[..closing(inside)];
            has_word(inside, "browser") || has_word(inside, "server")
        })
    })
}

/// Where the parenthesis that is open at the start of `text` closes.
fn closing(text: &str) -> usize {
    let mut depth = 1_usize;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' if depth == 1 => return at,
            ')' => depth -= 1,
            _ => {}
        }
    }
    text.len()
}

/// The targets of `[text](target)` outside code.
fn markdown_links(text: &str) -> Vec<&str> {
    let mut links = Vec::new();
    let mut in_block = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_block = !in_block;
        } else if !in_block {
            for outside_code in line.split('`').step_by(2) {
                let targets = outside_code.match_indices("](").map(|(at, _)| &outside_code[at + 2..]);
                links.extend(targets.filter_map(|rest| rest.split([')', ' ']).next()));
            }
        }
    }
    links
}

/// The constants of `limits.rs` by name: durations in milliseconds.
fn limits_in_code(code: &str) -> BTreeMap<String, u64> {
    let constant = |line: &str| {
        let (name, rest) = line.strip_prefix("pub const ")?.split_once(':')?;
        let value = rest.split_once(" = ")?.1.trim_end_matches(';');
        let inside = |open: &str| value.strip_prefix(open).and_then(|rest| rest.strip_suffix(')'));
        let value = match (inside("Duration::from_secs("), inside("Duration::from_millis(")) {
            (Some(seconds), _) => arithmetic(seconds) * 1000,
            (_, Some(millis)) => arithmetic(millis),
            _ => arithmetic(value),
        };
        Some((name.to_owned(), value))
    };
    code.lines().filter_map(constant).collect()
}

/// Products and shifts of numbers, which is what limits are written as.
fn arithmetic(text: &str) -> u64 {
    let number =
        |text: &str| text.trim().replace('_', "").parse::<u64>().unwrap_or_else(|_| panic!("{text:?} is no number"));
    match text.split_once("<<") {
        Some((number_of, bits)) => number(number_of) << number(bits),
        None => text.split('*').map(number).product(),
    }
}

/// The rows of the page by name; no value where none can be read.
fn limits_in_page(page: &str) -> BTreeMap<String, Option<u64>> {
    let row = |line: &str| {
        let mut cells = line.strip_prefix("| `")?.split('|');
        let name = cells.next()?.trim().trim_end_matches('`').to_owned();
        let mut value = cells.next()?.split_whitespace();
        let number: Option<u64> = value.next().and_then(|number| number.replace(',', "").parse().ok());
        let unit = match value.next().unwrap_or_default() {
            "KiB" => 1 << 10,
            "MiB" => 1 << 20,
            "GiB" => 1 << 30,
            "s" => 1000,
            "min" => 60_000,
            "h" => 3_600_000,
            "day" | "days" => 86_400_000,
            _ => 1,
        };
        Some((name, number.map(|number| number * unit)))
    };
    page.lines().filter_map(row).collect()
}

fn has_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let goes_on = word.ends_with(is_word_char) && text[at + word.len()..].starts_with(is_word_char);
        !text[..at].ends_with(is_word_char) && !goes_on
    })
}

/// Whether `line` has a path that starts with `folder`, and does not merely pass through a folder of that name.
fn has_absolute_path(line: &str, folder: &str) -> bool {
    let inside_path = |c: char| is_word_char(c) || ['.', '/', '-', '*', '}', ')', '~'].contains(&c);
    line.match_indices(folder).any(|(at, _)| !line[..at].ends_with(inside_path))
}

fn is_word_char(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> Vec<File> {
    tracked().into_iter().filter(|file| file.path.starts_with("src/") && file.path.ends_with(".rs")).collect()
}

/// Every text file that git has or would take.
fn tracked() -> Vec<File> {
    let output = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .expect("git is needed to know what belongs to the repository");
    assert!(output.status.success(), "git ls-files failed: {}", String::from_utf8_lossy(&output.stderr));
    let paths = String::from_utf8(output.stdout).expect("paths are UTF-8");
    // A file that is deleted but not yet committed is still listed; a picture is no text.
    let read = |path: &str| Some(File { path: path.to_owned(), text: fs::read_to_string(root().join(path)).ok()? });
    let files: Vec<File> = paths.split_terminator('\0').filter_map(read).collect();
    assert!(files.iter().any(|file| file.path == "src/lib.rs"), "git does not list this crate's files");
    files
}

/// Collects what breaks a rule, to show all of it at once with the way out.
struct Faults {
    cure: String,
    found: Vec<String>,
}

impl Faults {
    fn new(cure: impl Into<String>) -> Self {
        Self { cure: cure.into(), found: Vec::new() }
    }

    fn add(&mut self, fault: impl Into<String>) {
        self.found.push(fault.into());
    }

    #[track_caller]
    fn check(self) {
        assert!(self.found.is_empty(), "{}\n  {}\n", self.cure, self.found.join("\n  "));
    }
}
