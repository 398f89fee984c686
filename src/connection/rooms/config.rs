//! Which state is wanted of a room: the union of the rules that match it, and how it compares with what was wanted
//! before (MSC4186, "Combining room configs", "Changing room configs").

use ruma::UserId;
use serde::{Deserialize, Serialize};

use crate::connection::request::{RequiredState, RoomConfig, StatePattern};
use crate::model::order::sorted_set;

/// The configuration that holds for a room: the superset of those of its rules.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct EffectiveConfig {
    /// The largest of all.
    pub timeline_limit: u32,
    /// The union.
    pub wanted: Wanted,
}

/// A union of required states. Equal unions are equal values.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Wanted {
    /// What some rule includes without excluding anything.
    #[serde(rename = "p", default, skip_serializing_if = "Vec::is_empty")]
    patterns: Vec<StatePattern>,
    /// Rules that exclude something.
    #[serde(rename = "r", default, skip_serializing_if = "Vec::is_empty")]
    rules: Vec<Rule>,
    /// Whether the members are wanted whom the timeline needs. Beside a rule that wants all of them it adds none, but
    /// those that the client has flushed.
    #[serde(rename = "l", default, skip_serializing_if = "std::ops::Not::not")]
    pub lazy_members: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
struct Rule {
    #[serde(rename = "i")]
    include: Vec<StatePattern>,
    #[serde(rename = "e")]
    exclude: Vec<StatePattern>,
}

const MEMBER: &str = "m.room.member";

impl EffectiveConfig {
    /// Returns the superset of some configurations.
    pub fn union<'a>(configs: impl Iterator<Item = &'a RoomConfig> + Clone) -> EffectiveConfig {
        EffectiveConfig {
            timeline_limit: configs.clone().map(|config| config.timeline_limit).max().unwrap_or(0),
            wanted: Wanted::union(configs.map(|config| &config.required_state)),
        }
    }
}

impl StatePattern {
    fn is_everything(&self) -> bool {
        self.event_type.is_none() && self.state_key.is_none()
    }

    fn may_match_members(&self) -> bool {
        self.event_type.as_deref().is_none_or(|kind| kind == MEMBER)
    }

    fn all_members() -> StatePattern {
        StatePattern { event_type: Some(MEMBER.to_owned()), state_key: None }
    }
}

/// Returns whether one of the patterns, which are sorted, matches. A client may send thousands of them.
fn match_any(patterns: &[StatePattern], event_type: &str, state_key: &str) -> bool {
    let (event_type, state_key) = (Some(event_type), Some(state_key));
    [(event_type, state_key), (event_type, None), (None, state_key), (None, None)]
        .into_iter()
        .any(|place| has_place(patterns, place))
}

fn has_place(patterns: &[StatePattern], place: (Option<&str>, Option<&str>)) -> bool {
    patterns.binary_search_by(|own| (own.event_type.as_deref(), own.state_key.as_deref()).cmp(&place)).is_ok()
}

impl Wanted {
    /// Returns what any of these rules wants.
    pub fn union<'a>(required: impl Iterator<Item = &'a RequiredState> + Clone) -> Wanted {
        let lazy_members = required.clone().any(|state| state.lazy_members);
        let mut wanted = Wanted { lazy_members, ..Wanted::default() };
        for state in required {
            wanted.add(state);
        }
        wanted.normalise();
        wanted
    }

    /// Returns what is wanted, lazy members aside: what each rule includes and excludes.
    pub fn rules(&self) -> impl Iterator<Item = (&[StatePattern], &[StatePattern])> {
        let patterns = (!self.patterns.is_empty()).then_some((&self.patterns[..], &[][..]));
        patterns.into_iter().chain(self.rules.iter().map(|rule| (&rule.include[..], &rule.exclude[..])))
    }

    /// Returns whether the entry is wanted, lazy members aside.
    pub fn matches(&self, event_type: &str, state_key: &str) -> bool {
        let any = |patterns: &[StatePattern]| match_any(patterns, event_type, state_key);
        any(&self.patterns) || self.rules.iter().any(|rule| any(&rule.include) && !any(&rule.exclude))
    }

    /// Returns whether everything that `other` wants is wanted here as well, lazy members aside, as far as the rules show
    /// it.
    pub fn covers_state(&self, other: &Wanted) -> bool {
        let everything = self.patterns.iter().any(StatePattern::is_everything);
        everything
            || other.patterns.iter().all(|pattern| self.has_pattern(pattern))
                && other.rules.iter().all(|rule| {
                    self.rules.binary_search(rule).is_ok()
                        || rule.include.iter().all(|pattern| self.has_pattern(pattern))
                })
    }

    /// Returns what of it is no member: what a client still has that forgot its members.
    pub fn without_members(&self) -> Wanted {
        let is_member = |pattern: &StatePattern| pattern.event_type.as_deref() == Some(MEMBER);
        let mut rest = Wanted::default();
        let (of_any_type, others): (Vec<_>, Vec<_>) =
            self.patterns.iter().cloned().partition(StatePattern::may_match_members);
        rest.patterns = others;
        let rules = self.rules.iter().cloned().chain([Rule { include: of_any_type, exclude: Vec::new() }]);
        for Rule { mut include, mut exclude } in rules {
            include.retain(|pattern| !is_member(pattern));
            if include.iter().any(StatePattern::may_match_members) {
                exclude.push(StatePattern::all_members());
            }
            rest.add_rule(include, exclude);
        }
        rest.normalise();
        rest
    }

    /// Returns whether all members are wanted, so that all of them should be known.
    pub fn wants_all_members(&self) -> bool {
        self.matches(MEMBER, "\u{0}no such user")
    }

    /// Returns the member entries that could be wanted: the state keys, or `None` if it could be any.
    pub fn member_keys(&self) -> Option<Vec<&str>> {
        let includes = self.patterns.iter().chain(self.rules.iter().flat_map(|rule| &rule.include));
        includes.filter(|pattern| pattern.may_match_members()).map(|pattern| pattern.state_key.as_deref()).collect()
    }

    /// Returns the users whose member entries are wanted by name, but for one: a user's own entry is always held.
    pub fn named_members(&self, but: &UserId) -> Vec<&UserId> {
        let includes = self.patterns.iter().chain(self.rules.iter().flat_map(|rule| &rule.include));
        let keys =
            includes.filter(|pattern| pattern.may_match_members()).filter_map(|pattern| pattern.state_key.as_deref());
        let wanted = keys.filter(|key| *key != but && self.matches(MEMBER, key));
        wanted.filter_map(|key| key.try_into().ok()).collect()
    }

    fn has_pattern(&self, pattern: &StatePattern) -> bool {
        let StatePattern { event_type, state_key } = pattern;
        let (event_type, state_key) = (event_type.as_deref(), state_key.as_deref());
        [(event_type, state_key), (event_type, None), (None, state_key)]
            .into_iter()
            .any(|place| has_place(&self.patterns, place))
    }

    /// Under `lazy_members` the element that matches everything stops at members; members named by type or key stay.
    fn add(&mut self, state: &RequiredState) {
        if !state.lazy_members {
            return self.add_rule(state.include.clone(), state.exclude.clone());
        }
        let (everything, named): (Vec<_>, Vec<_>) =
            state.include.iter().cloned().partition(StatePattern::is_everything);
        self.add_rule(named, state.exclude.clone());
        let mut exclude = state.exclude.clone();
        exclude.push(StatePattern::all_members());
        self.add_rule(everything, exclude);
    }

    fn add_rule(&mut self, mut include: Vec<StatePattern>, exclude: Vec<StatePattern>) {
        if include.is_empty() {
            return;
        }
        if exclude.is_empty() {
            return self.patterns.append(&mut include);
        }
        self.rules.push(Rule { include: sorted_set(include), exclude: sorted_set(exclude) });
    }

    fn normalise(&mut self) {
        if self.patterns.iter().any(StatePattern::is_everything) {
            self.patterns = vec![StatePattern::default()];
            self.rules.clear();
        }
        self.patterns = sorted_set(std::mem::take(&mut self.patterns));
        self.rules = sorted_set(std::mem::take(&mut self.rules));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `type/key` patterns separated by spaces; `*` is anything. After `-` what is excluded, `lazy` for lazy members.
    fn rule(text: &str) -> RequiredState {
        let mut state = RequiredState::default();
        for word in text.split_whitespace() {
            let (list, word) = match word.strip_prefix('-') {
                Some(word) => (&mut state.exclude, word),
                None if word == "lazy" => {
                    state.lazy_members = true;
                    continue;
                }
                None => (&mut state.include, word),
            };
            let (event_type, state_key) = word.split_once('/').unwrap_or((word, ""));
            let some = |text: &str| (text != "*").then(|| text.to_owned());
            list.push(StatePattern { event_type: some(event_type), state_key: some(state_key) });
        }
        state
    }

    fn wanted(rules: &[&str]) -> Wanted {
        let rules: Vec<RequiredState> = rules.iter().map(|text| rule(text)).collect();
        Wanted::union(rules.iter())
    }

    #[test]
    fn an_exclude_cuts_its_own_rule_only() {
        let both = wanted(&["*/* -name", "name"]);
        assert!(both.matches("name", ""));
        assert!(!wanted(&["*/* -name"]).matches("name", ""));
    }

    #[test]
    fn everything_under_lazy_members_stops_at_members() {
        let lazy = wanted(&["*/* lazy"]);
        assert!(lazy.matches("topic", "") && !lazy.matches("m.room.member", "@a:x"));
        let named = wanted(&["*/* m.room.member/@a:x lazy"]);
        assert!(named.matches("m.room.member", "@a:x") && !named.matches("m.room.member", "@b:x"));
        let by_key = wanted(&["*/@a:x lazy"]);
        assert!(by_key.matches("m.room.member", "@a:x"), "a key names a member, too");
    }

    #[test]
    fn a_rule_that_wants_all_members_has_them_beside_a_lazy_one() {
        for all in ["*/*", "m.room.member/*"] {
            assert!(wanted(&["lazy", all]).matches("m.room.member", "@a:x"), "{all}");
        }
        assert!(!wanted(&["lazy", "*/* lazy"]).matches("m.room.member", "@a:x"));
    }

    #[test]
    fn covering_is_seen_where_the_rules_show_it() {
        let covers = |more: &[&str], less: &[&str]| wanted(more).covers_state(&wanted(less));
        assert!(covers(&["name topic"], &["name"]) && !covers(&["name"], &["name topic"]));
        assert!(covers(&["*/*"], &["name", "*/* -topic"]));
        assert!(covers(&["name/*"], &["name/x"]) && covers(&["*/x"], &["name/x"]));
        assert!(covers(&["*/* -topic", "name"], &["*/* -topic"]) && !covers(&["*/* -topic"], &["*/* -name"]));
    }

    #[test]
    fn the_members_to_load_are_those_that_could_match() {
        assert_eq!(wanted(&["name m.room.member/@a:x"]).member_keys(), Some(vec!["@a:x"]));
        assert_eq!(wanted(&["name"]).member_keys(), Some(Vec::new()));
        assert_eq!(wanted(&["m.room.member/*"]).member_keys(), None);
        assert!(wanted(&["*/*"]).wants_all_members() && !wanted(&["*/* lazy"]).wants_all_members());
    }

    #[test]
    fn without_its_members_the_rest_stays_wanted() {
        let rest = wanted(&["name */* -topic m.room.member/@a:x", "*/@b:x", "lazy"]).without_members();
        assert!(rest.matches("name", "") && rest.matches("x", "@b:x") && !rest.matches("topic", ""));
        assert!(!rest.matches("m.room.member", "@a:x") && !rest.matches("m.room.member", "@b:x"));
        assert!(!rest.lazy_members && rest.without_members() == rest);
        assert_eq!(wanted(&["m.room.member/*"]).without_members(), Wanted::default());
    }

    #[test]
    fn equal_unions_are_equal_values() {
        assert_eq!(wanted(&["name topic", "topic"]), wanted(&["topic", "name"]));
    }
}
