//! An answer as a scenario shows it: one line per list, room and extension. What no wire may say stands there, too.

use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize,
    de::{IgnoredAny, MapAccess, Visitor},
};
use serde_json::{Map, Value};

use crate::support::scripted::{short, without_server};

/// What stamps were seen so far, by room: only what is newer than what means something.
pub type Stamps = BTreeMap<String, u64>;

/// Shows an answer. `shown`: what is left out unless asked for.
pub fn describe(mut answer: Value, body: &[u8], shown: &[String], stamps: &mut Stamps) -> Vec<String> {
    let mut lines = Vec::new();
    let shows = |what: &str| shown.iter().any(|word| word == what);
    let mut fields = Fields::of(answer.take());
    fields.take("pos");
    if let Some(transaction) = fields.take("txn_id") {
        lines.push(format!("txn {transaction}"));
    }
    for (name, list) in object(fields.take("lists")) {
        let mut list = Fields::of(list);
        let mut line = format!("{name}: {}", list.take("count").unwrap_or_default());
        let ops = list.take("ops");
        if let Some(ops) = ops.filter(|_| shows("ops")) {
            line.push_str(&describe_ops(&ops));
        }
        lines.push(line + &list.rest());
    }
    let mut rooms = object(fields.take("rooms"));
    for id in room_order(body) {
        if let Some(room) = rooms.remove(&id) {
            lines.push(describe_room(&id, room, stamps, shows("bump")));
        }
    }
    for (name, extension) in object(fields.take("extensions")) {
        lines.extend(describe_extension(&name, extension));
    }
    let rest = fields.rest();
    lines.extend((!rest.is_empty()).then_some(rest));
    if lines.is_empty() {
        lines.push("nothing".to_owned());
    }
    lines
}

fn describe_ops(ops: &Value) -> String {
    let mut text = String::new();
    for op in ops.as_array().into_iter().flatten() {
        let rooms: Vec<&str> =
            op["room_ids"].as_array().into_iter().flatten().filter_map(Value::as_str).map(without_server).collect();
        text.push_str(&format!(" {}{}: {}", op["op"].as_str().unwrap_or("?"), op["range"], rooms.join(" ")));
    }
    text
}

fn describe_room(id: &str, room: Value, stamps: &mut Stamps, shows_stamp: bool) -> String {
    let mut room = Fields::of(room);
    let mut words = vec![without_server(id).to_owned()];
    if room.take("initial").is_some_and(|initial| initial == true) {
        words.push("initial".to_owned());
    }
    words.extend(room.text("membership"));
    if let Some(lists) = room.take("lists") {
        words.push(format!("in={}", names(&lists).join(",")));
    }
    for field in ["name", "avatar"] {
        words.extend(room.take(field).map(|value| format!("{field}={value}")));
    }
    if let Some(heroes) = room.take("heroes") {
        let heroes = heroes.as_array().into_iter().flatten().map(|hero| {
            let mut hero = Fields::of(hero.clone());
            let mut word = without_server(&hero.text("user_id").unwrap_or_default()).to_owned();
            word.extend(hero.text("displayname").map(|name| format!("={name:?}")));
            word.extend(hero.text("avatar_url"));
            word + &hero.rest()
        });
        words.push(format!("heroes[{}]", heroes.collect::<Vec<_>>().join(" ")));
    }
    match room.take("is_dm") {
        Some(Value::Bool(true)) => words.push("dm".to_owned()),
        Some(other) => words.push(format!("dm={other}")),
        None => {}
    }
    for (field, word) in [("joined_count", "joined"), ("invited_count", "invited")] {
        words.extend(room.take(field).map(|count| format!("{word}={count}")));
    }
    if let (Some(notifications), Some(highlights)) = (room.take("notification_count"), room.take("highlight_count"))
        && (notifications != 0 || highlights != 0 || !words.contains(&"initial".to_owned()))
    {
        words.push(format!("unread={notifications}/{highlights}"));
    }
    words.extend(room.take("stripped_state").map(|state| format!("stripped{{{}}}", shorts(&state))));
    words.extend(room.take("required_state").map(|state| format!("state{{{}}}", shorts(&state))));
    words.extend(room.take("timeline").map(|timeline| format!("[{}]", shorts(&timeline))));
    for (field, word) in [("limited", "limited"), ("expanded_timeline", "expanded")] {
        if room.take(field).is_some_and(|value| value == true) {
            words.push(word.to_owned());
        }
    }
    words.extend(room.text("prev_batch").map(|token| format!("prev={token}")));
    words.extend(room.take("num_live").filter(|live| *live != 0).map(|live| format!("live={live}")));
    if let Some(stamp) = room.take("bump_stamp") {
        let stamp = stamp.as_u64().unwrap_or_default();
        let newest = stamps.values().max().copied().unwrap_or_default();
        let word = match stamps.insert(id.to_owned(), stamp) {
            Some(before) if before == stamp => "bump=same",
            _ if stamp > newest => "bump=newest",
            _ => "bump=older",
        };
        words.extend(shows_stamp.then(|| word.to_owned()));
    }
    words.join(" ") + &room.rest()
}

fn describe_extension(name: &str, extension: Value) -> Vec<String> {
    let mut fields = Fields::of(extension);
    match name {
        "to_device" => {
            let types = |event: &Value| event["type"].as_str().unwrap_or("?").to_owned();
            let events = fields.take("events").unwrap_or_default();
            let events: Vec<String> = events.as_array().into_iter().flatten().map(types).collect();
            let next = fields.text("next_batch").unwrap_or_default();
            let next: u64 = next.strip_prefix('-').and_then(|next| next.parse().ok()).unwrap_or(u64::MAX);
            // The high bits are random: an epoch.
            vec![format!("to_device [{}] next={}{}", events.join(" "), next & 0xffff_ffff, fields.rest())]
        }
        "e2ee" => {
            let mut line = "e2ee".to_owned();
            for (algorithm, count) in object(fields.take("device_one_time_keys_count")) {
                line.push_str(&format!(" {algorithm}={count}"));
            }
            if let Some(types) = fields.take("device_unused_fallback_key_types") {
                line.push_str(&format!(" fallback[{}]", names(&types).join(" ")));
            }
            if let Some(lists) = fields.take("device_lists") {
                line.push_str(&format!(
                    " changed[{}] left[{}]",
                    names(&lists["changed"]).join(" "),
                    names(&lists["left"]).join(" ")
                ));
            }
            vec![line + &fields.rest()]
        }
        "account_data" => {
            let mut lines = Vec::new();
            let global = fields.take("global").unwrap_or_default();
            if global.as_array().is_some_and(|events| !events.is_empty()) {
                lines.push(format!("account_data [{}]", describe_data(&global)));
            }
            for (room, events) in object(fields.take("rooms")) {
                lines.push(format!("account_data {}[{}]", without_server(&room), describe_data(&events)));
            }
            lines
        }
        "receipts" => {
            let rooms = object(fields.take("rooms"));
            rooms
                .iter()
                .map(|(room, event)| format!("receipts {}{}", without_server(room), describe_receipts(event)))
                .collect()
        }
        "typing" => {
            let rooms = object(fields.take("rooms"));
            rooms
                .iter()
                .map(|(room, users)| {
                    format!("typing {}[{}]", without_server(room), names(&users["user_ids"]).join(" "))
                })
                .collect()
        }
        "presence" => {
            let events = fields.take("events").unwrap_or_default();
            let word = |event: &Value| {
                let user = without_server(event["sender"].as_str()?).to_owned();
                let presence = event["content"]["presence"].as_str()?;
                Some(if presence == "online" { user } else { format!("{user}:{presence}") })
            };
            let words: Vec<String> = events.as_array().into_iter().flatten().filter_map(word).collect();
            vec![format!("presence[{}]", words.join(" "))]
        }
        other => vec![format!("{other}{}", fields.rest())],
    }
}

fn describe_data(events: &Value) -> String {
    let word = |event: &Value| {
        let (kind, content) = (event["type"].as_str().unwrap_or("?"), &event["content"]);
        let content = if kind == "m.tag" { &content["tags"] } else { content };
        format!("{kind}={content}")
    };
    events.as_array().into_iter().flatten().map(word).collect::<Vec<_>>().join(" ")
}

fn describe_receipts(event: &Value) -> String {
    let mut words = Vec::new();
    for (id, kinds) in object(Some(event["content"].clone())) {
        for (kind, users) in object(Some(kinds)) {
            for (user, data) in object(Some(users)) {
                let private = if kind == "m.read.private" { ":private" } else { "" };
                let thread =
                    data["thread_id"].as_str().map(|thread| format!(":thread={}", thread.trim_start_matches('$')));
                words.push(format!(
                    "{}{}{private}{}",
                    id.trim_start_matches('$'),
                    without_server(&user),
                    thread.unwrap_or_default()
                ));
            }
        }
    }
    format!("[{}]", words.join(" "))
}

fn shorts(events: &Value) -> String {
    events.as_array().into_iter().flatten().map(short).collect::<Vec<_>>().join(" ")
}

fn names(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).map(without_server).collect()
}

fn object(value: Option<Value>) -> Map<String, Value> {
    match value {
        Some(Value::Object(object)) => object,
        _ => Map::new(),
    }
}

/// An object whose fields are taken one by one; what is left over is what should not be there.
struct Fields(Map<String, Value>);

impl Fields {
    fn of(value: Value) -> Fields {
        Fields(object(Some(value)))
    }

    fn take(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name)
    }

    fn text(&mut self, name: &str) -> Option<String> {
        self.take(name).and_then(|value| value.as_str().map(str::to_owned))
    }

    fn rest(self) -> String {
        self.0.into_iter().map(|(name, value)| format!(" {name}={value}")).collect()
    }
}

/// Returns the rooms in the order in which they stand.
fn room_order(body: &[u8]) -> Vec<String> {
    #[derive(Deserialize)]
    struct Body {
        #[serde(default)]
        rooms: Order,
    }
    #[derive(Default)]
    struct Order(Vec<String>);
    impl<'de> Deserialize<'de> for Order {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Order, D::Error> {
            struct Keys;
            impl<'de> Visitor<'de> for Keys {
                type Value = Order;

                fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                    formatter.write_str("rooms")
                }

                fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Order, A::Error> {
                    let mut order = Order::default();
                    while let Some((room, IgnoredAny)) = map.next_entry()? {
                        order.0.push(room);
                    }
                    Ok(order)
                }
            }
            deserializer.deserialize_map(Keys)
        }
    }
    serde_json::from_slice::<Body>(body).expect("an answer").rooms.0
}
