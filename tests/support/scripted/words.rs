//! Lines into words.

/// Splits at spaces that are not within quotes, braces or brackets.
pub fn words(line: &str) -> Vec<String> {
    split(line, char::is_whitespace)
}

/// Splits at `|`.
pub fn parts(line: &str) -> Vec<String> {
    split(line, |c| c == '|').into_iter().map(|part| part.trim().to_owned()).collect()
}

/// `@bob` or `bob` is `@bob:x`.
pub fn user_id(name: &str) -> String {
    with_server('@', name)
}

/// `!a` is `!a:x`.
pub fn room_id(name: &str) -> String {
    with_server('!', name)
}

fn with_server(sigil: char, name: &str) -> String {
    let name = name.trim_start_matches(sigil);
    if name.contains(':') { format!("{sigil}{name}") } else { format!("{sigil}{name}:x") }
}

fn split(line: &str, separates: impl Fn(char) -> bool) -> Vec<String> {
    let (mut found, mut word, mut depth, mut quoted, mut escaped) = (Vec::new(), String::new(), 0, false, false);
    for c in line.chars() {
        match c {
            _ if escaped => {}
            '"' => quoted = !quoted,
            '{' | '[' if !quoted => depth += 1,
            '}' | ']' if !quoted => depth -= 1,
            _ => {}
        }
        escaped = c == '\\' && !escaped;
        if depth == 0 && !quoted && separates(c) {
            found.push(std::mem::take(&mut word));
        } else {
            word.push(c);
        }
    }
    found.push(word);
    found.retain(|word| !word.trim().is_empty());
    found
}
