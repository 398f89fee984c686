//! `unsigned` of an event, as it goes out to one device at one moment.

use std::rc::Rc;

use ruma::DeviceId;
use serde_json::value::RawValue;

use super::response::AnsweredEvent;
use crate::model::{Event, RawObject, TimelineEvent, Timestamp};

/// To whom, and when.
#[derive(Clone, Copy, Debug)]
pub struct Audience<'a> {
    /// The device that asked.
    pub device: &'a DeviceId,
    /// The time of the answer.
    pub now: Timestamp,
}

impl Audience<'_> {
    /// Returns a state event for this audience.
    pub fn state_event(&self, event: &Event) -> AnsweredEvent {
        AnsweredEvent { event: event.clone(), unsigned: self.unsigned(event, None) }
    }

    /// Returns a timeline event for this audience. Only the device that sent it learns its transaction id.
    pub fn timeline_event(&self, item: &TimelineEvent) -> AnsweredEvent {
        let transaction = item.transaction.as_ref().filter(|(device, _)| device == self.device);
        let unsigned = self.unsigned(&item.event, transaction.map(|(_, transaction)| transaction.as_str()));
        AnsweredEvent { event: item.event.clone(), unsigned }
    }

    fn unsigned(&self, event: &Event, transaction: Option<&str>) -> Option<Rc<RawValue>> {
        let stored = event.unsigned.as_deref();
        if stored.is_none() && transaction.is_none() {
            return None;
        }
        let mut json = String::from("{");
        let fields = stored.and_then(RawObject::read).unwrap_or_default();
        for (key, value) in fields.0 {
            match key.as_ref() {
                "age" => {
                    let age = value.get().parse::<i64>().ok();
                    let aged = age.map(|age| age.saturating_add_unsigned(self.elapsed(event)).to_string());
                    push(&mut json, "age", aged.as_deref().unwrap_or(value.get()));
                }
                // It belongs to the device whose poll brought the event, which the model keeps beside the event.
                "transaction_id" => {}
                key => push(&mut json, key, value.get()),
            }
        }
        if let Some(transaction) = transaction.and_then(|transaction| serde_json::to_string(transaction).ok()) {
            push(&mut json, "transaction_id", &transaction);
        }
        json.push('}');
        RawValue::from_string(json).ok().map(Rc::from)
    }

    fn elapsed(&self, event: &Event) -> u64 {
        u64::try_from(self.now.since(event.arrived).as_millis()).unwrap_or(u64::MAX)
    }
}

fn push(json: &mut String, key: &str, value: &str) {
    let Ok(key) = serde_json::to_string(key) else { return };
    if json.len() > 1 {
        json.push(',');
    }
    json.push_str(&key);
    json.push(':');
    json.push_str(value);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Ordinal, Position};

    fn unsigned(stored: &str, transaction: Option<(&str, &str)>) -> Option<String> {
        let json = format!(r#"{{"type":"m.x","event_id":"$m","sender":"@a:x","content":{{}}{stored}}}"#);
        let event = Event::parse(serde_json::from_str(&json).expect("JSON"), Timestamp(1_000)).expect("an event");
        let item = TimelineEvent {
            ordinal: Ordinal(0),
            position: Position(1),
            event,
            live: true,
            gap_before: false,
            token_before: None,
            token_after: None,
            transaction: transaction.map(|(device, id)| (device.into(), id.to_owned())),
            not_sent_by: Vec::new(),
        };
        let audience = Audience { device: "DEV".into(), now: Timestamp(3_500) };
        audience.timeline_event(&item).unsigned.map(|raw| raw.get().to_owned())
    }

    #[test]
    fn the_age_grows_while_the_event_is_held() {
        let stored = r#","unsigned":{"age":5,"prev_content":{"a": 1}}"#;
        assert_eq!(unsigned(stored, None).as_deref(), Some(r#"{"age":2505,"prev_content":{"a": 1}}"#));
    }

    #[test]
    fn an_odd_age_stays_as_it_is() {
        let stored = r#","unsigned":{"age":"old"}"#;
        assert_eq!(unsigned(stored, None).as_deref(), Some(r#"{"age":"old"}"#));
        let huge = r#","unsigned":{"age":9223372036854775807}"#;
        assert_eq!(unsigned(huge, None).as_deref(), Some(r#"{"age":9223372036854775807}"#));
    }

    #[test]
    fn only_the_device_that_sent_it_learns_the_transaction_id() {
        let stored = r#","unsigned":{"transaction_id":"theirs"}"#;
        assert_eq!(unsigned(stored, None).as_deref(), Some("{}"));
        assert_eq!(unsigned("", Some(("DEV", "t\"1"))).as_deref(), Some(r#"{"transaction_id":"t\"1"}"#));
        assert_eq!(unsigned("", Some(("OTHER", "t1"))), None);
    }
}
