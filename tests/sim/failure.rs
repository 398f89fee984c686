//! What went wrong in a run, and how it is told.

use std::fmt;

/// How many of the last lines are shown, and how long a line is.
const SHOWN: usize = 120;
const WIDTH: usize = 1_200;
/// How many complaints are shown.
const COMPLAINTS: usize = 20;

/// What went wrong in a run.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Of which sort, so that shrinking keeps to it.
    pub kind: String,
    pub complaints: Vec<String>,
    /// The last things that happened, where the run was traced.
    pub trace: Vec<String>,
}

impl Failure {
    /// Returns of which sort each complaint is: what it says without ids and numbers.
    pub fn sorts(&self) -> impl Iterator<Item = String> {
        let is_word =
            |word: &&str| !word.contains(|letter: char| "!@#$[]{}()".contains(letter) || letter.is_ascii_digit());
        self.complaints.iter().map(move |complaint| {
            let words: Vec<&str> = complaint.split_whitespace().filter(is_word).take(12).collect();
            format!("{}: {}", self.kind, words.join(" "))
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "what happened:")?;
        for line in self.trace.iter().skip(self.trace.len().saturating_sub(SHOWN)) {
            let shown: String = line.chars().take(if formatter.alternate() { usize::MAX } else { WIDTH }).collect();
            writeln!(formatter, "    {shown}")?;
        }
        writeln!(formatter, "what is wrong:")?;
        for complaint in self.complaints.iter().take(COMPLAINTS) {
            writeln!(formatter, "    {complaint}")?;
        }
        Ok(())
    }
}
