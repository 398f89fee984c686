//! What `/sync` says in the situations that its clients must get right.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    super::world::{CreateRoom, Membership, NewEvent, RoomNo, UserNo, Viewer, World, json_of},
    Filter, Params, Since, StateKey, may_have_news, sync,
};

const NOW: u64 = 1_800_000_000_000;

/// Alice, who looks, Bob, who acts, and what Alice's one device has seen.
struct Scene {
    world: World,
    alice: UserNo,
    bob: UserNo,
    since: Option<Since>,
    filter: Value,
    state_key: StateKey,
}

impl Scene {
    fn new() -> Self {
        let mut world = World::new("test", 1);
        let [alice, bob] = ["alice", "bob"].map(|name| {
            let user = world.register(name, name).expect("a free name");
            world.log_in(user, Some(device_of(name)), None, false, NOW);
            user
        });
        Self { world, alice, bob, since: None, filter: json!({}), state_key: StateKey::State }
    }

    fn lazily() -> Self {
        Self { filter: json!({ "room": { "state": { "lazy_load_members": true } } }), ..Self::new() }
    }

    /// Bob makes a public room, and the given users join it.
    fn room(&mut self, members: &[UserNo]) -> RoomNo {
        let request = CreateRoom { preset: Some("public_chat".to_owned()), ..CreateRoom::default() };
        let room = self.world.create_room(self.bob, request, NOW).expect("a room");
        for member in members {
            self.world.join(room, *member, None, NOW).expect("the room is public");
        }
        room
    }

    fn private_room(&mut self) -> RoomNo {
        self.world.create_room(self.bob, CreateRoom::default(), NOW).expect("a room")
    }

    fn user(&mut self, name: &str) -> UserNo {
        self.world.register(name, name).expect("a free name")
    }

    fn say(&mut self, room: RoomNo, sender: UserNo, body: &str) -> u32 {
        self.world.append(NewEvent::new(
            room,
            sender,
            "m.room.message",
            json_of(&json!({ "msgtype": "m.text", "body": body })),
            NOW,
        ))
    }

    fn set(&mut self, room: RoomNo, kind: &str, content: Value) {
        let bob = self.bob;
        self.world.append(NewEvent { state_key: Some(""), ..NewEvent::new(room, bob, kind, json_of(&content), NOW) });
    }

    /// Asks with the filter as `change` leaves it.
    fn filter(&mut self, filter: Value) -> &mut Self {
        self.filter = filter;
        self
    }

    /// Polls once, as a client that keeps `since`.
    #[track_caller]
    fn poll(&mut self) -> Value {
        let filter: Filter = serde_json::from_value(self.filter.clone()).expect("a filter");
        let params = Params { since: self.since, filter, full_state: false, state_key: self.state_key };
        let device = device_of("alice");
        let viewer = Viewer { user: self.alice, device: &device, now: NOW };
        let response = sync(&mut self.world, viewer, &params);
        let response = serde_json::to_value(&response).expect("JSON");
        let next = response["next_batch"].as_str().expect("next_batch is always there");
        self.since = Some(Since::parse(next).expect("next_batch is a since"));
        response
    }

    fn id(&self, room: RoomNo) -> Arc<str> {
        Arc::clone(&self.world.room(room).id)
    }

    /// Polls once and returns one room of one section.
    #[track_caller]
    fn poll_room(&mut self, section: &str, room: RoomNo) -> Value {
        let id = self.id(room);
        let response = self.poll();
        let found = &response["rooms"][section][&*id];
        assert!(found.is_object(), "the room is not under {section}: {response:#}");
        found.clone()
    }
}

fn device_of(name: &str) -> String {
    format!("{}1", name.to_uppercase())
}

fn bodies(room: &Value) -> Vec<&str> {
    let events = room["timeline"]["events"].as_array().map(Vec::as_slice).unwrap_or_default();
    events.iter().filter_map(|event| event["content"]["body"].as_str()).collect()
}

/// Returns `type/state_key` of the events at a path.
fn keys(events: &Value) -> Vec<String> {
    let events = events["events"].as_array().map(Vec::as_slice).unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    events.iter().map(|event| format!("{}/{}", text(&event["type"]), text(&event["state_key"]))).collect()
}

#[test]
fn the_first_sync_brings_joined_rooms_and_the_next_only_what_is_new() {
    let mut scene = Scene::new();
    let (alice, bob) = (scene.alice, scene.bob);
    let (busy, silent) = (scene.room(&[alice]), scene.room(&[alice]));
    scene.say(busy, bob, "one");
    let first = scene.poll();
    assert_eq!(first["rooms"]["join"].as_object().map(serde_json::Map::len), Some(2));
    assert_eq!(bodies(&first["rooms"]["join"][&*scene.id(busy)]), ["one"]);

    scene.say(busy, bob, "two");
    let next = scene.poll();
    let silent = scene.id(silent);
    assert_eq!(bodies(&next["rooms"]["join"][&*scene.id(busy)]), ["two"]);
    assert!(next["rooms"]["join"].get(&*silent).is_none(), "nothing happened in {silent}");
    assert_eq!(scene.poll().get("rooms"), None, "an empty answer has no rooms");
}

#[test]
fn there_is_news_for_a_long_poll_only_when_something_the_user_sees_has_changed() {
    let mut scene = Scene::new();
    let alice = scene.alice;
    let (hers, foreign) = (scene.room(&[alice]), scene.private_room());
    scene.poll();
    let bob = scene.bob;
    let device = device_of("alice");
    let news = |scene: &Scene| {
        may_have_news(&scene.world, Viewer { user: alice, device: &device, now: NOW }, scene.since.expect("polled"))
    };
    scene.say(foreign, bob, "secret");
    assert!(!news(&scene), "she is not in that room");
    scene.say(hers, bob, "hello");
    assert!(news(&scene));
}

#[test]
fn an_invite_moves_to_join_when_accepted_and_to_leave_when_rejected() {
    let mut scene = Scene::new();
    let (accepted, rejected) = (scene.private_room(), scene.private_room());
    scene.set(accepted, "m.room.name", json!({ "name": "Secret" }));
    let (alice, bob) = (scene.alice, scene.bob);
    for room in [accepted, rejected] {
        scene.world.invite(room, bob, alice, None, false, NOW).expect("bob may invite");
    }
    let invite = scene.poll_room("invite", accepted);
    let shown = keys(&invite["invite_state"]);
    assert!(shown.contains(&"m.room.name/".to_owned()), "{shown:?}");
    assert_eq!(shown.last().map(String::as_str), Some("m.room.member/@alice:test"), "the own invite comes last");

    scene.say(accepted, bob, "before she came");
    scene.world.join(accepted, alice, None, NOW).expect("she is invited");
    scene.world.leave(rejected, alice, None, NOW).expect("she may reject");
    let (accepted, rejected) = (scene.id(accepted), scene.id(rejected));
    scene.state_key = StateKey::StateAfter;
    let next = scene.poll();
    let joined = &next["rooms"]["join"][&*accepted];
    assert_eq!(joined["timeline"]["limited"], true, "a newly joined room comes as a whole");
    assert!(bodies(joined).contains(&"before she came"), "shared history shows what was before the join");
    assert_eq!(keys(&next["rooms"]["leave"][&*rejected]["timeline"]), ["m.room.member/@alice:test"]);
    assert_eq!(
        next["rooms"]["leave"][&*rejected]["state_after"]["events"],
        json!([]),
        "who was never in sees no state"
    );
    assert!(next["rooms"].get("invite").is_none());
}

#[test]
fn leaving_is_said_once_and_what_comes_after_is_not_seen() {
    let mut scene = Scene::new();
    let (alice, bob) = (scene.alice, scene.bob);
    let room = scene.room(&[alice]);
    scene.poll();
    scene.say(room, bob, "last words");
    scene.world.leave(room, alice, None, NOW).expect("she is joined");
    scene.say(room, bob, "gossip");
    let left = scene.poll_room("leave", room);
    assert_eq!(bodies(&left), ["last words"]);
    scene.say(room, bob, "more gossip");
    assert!(scene.poll().get("rooms").is_none());
}

#[test]
fn the_first_sync_shows_kicks_but_own_leaves_only_on_request() {
    let mut scene = Scene::new();
    let (alice, bob) = (scene.alice, scene.bob);
    let (kicked, left) = (scene.room(&[alice]), scene.room(&[alice]));
    scene.world.kick(kicked, bob, alice, Some("spam"), NOW).expect("bob may kick");
    scene.world.leave(left, alice, None, NOW).expect("she is joined");
    let (kicked, left) = (scene.id(kicked), scene.id(left));
    let first = scene.poll();
    let leave = first["rooms"]["leave"].as_object().expect("a leave section");
    assert_eq!(leave.keys().map(String::as_str).collect::<Vec<_>>(), [&*kicked]);

    scene.since = None;
    let all = scene.filter(json!({ "room": { "include_leave": true } })).poll();
    assert!(all["rooms"]["leave"][&*left].is_object(), "{all:#}");
}

#[test]
fn a_rejoined_room_comes_as_a_whole_and_in_one_section() {
    let mut scene = Scene::new();
    let (alice, bob) = (scene.alice, scene.bob);
    let room = scene.room(&[alice]);
    scene.poll();
    scene.world.leave(room, alice, None, NOW).expect("she is joined");
    for _ in 0..10 {
        scene.say(room, bob, "while she was away");
    }
    scene.world.join(room, alice, None, NOW).expect("the room is public");
    let id = scene.id(room);
    let next = scene.poll();
    let joined = &next["rooms"]["join"][&*id];
    assert_eq!(joined["timeline"]["limited"], true);
    assert!(keys(&joined["state"]).contains(&"m.room.create/".to_owned()), "the whole state comes: {joined:#}");
    assert!(next["rooms"].get("leave").is_none());
}

#[test]
fn more_events_than_the_limit_make_a_gap_that_messages_fills() {
    let mut scene = Scene::new();
    let (alice, bob) = (scene.alice, scene.bob);
    let room = scene.room(&[alice]);
    scene.filter(json!({ "room": { "timeline": { "limit": 3 } } })).poll();
    scene.set(room, "m.room.name", json!({ "name": "changed in the gap" }));
    for number in 1..=5 {
        scene.say(room, bob, &number.to_string());
    }
    let limited = scene.poll_room("join", room);
    assert_eq!(bodies(&limited), ["3", "4", "5"]);
    assert_eq!(limited["timeline"]["limited"], true);
    assert_eq!(keys(&limited["state"]), ["m.room.name/"], "state that changed in the gap comes beside the timeline");

    let token = limited["timeline"]["prev_batch"].as_str().expect("a token");
    let from = scene.world.index_of(room, super::super::world::Position::parse(token).expect("a token of ours"));
    let page = scene.world.page_back(room, alice, from, 0, 2, |_| true);
    let older: Vec<_> = page.events.iter().filter_map(|event| scene.world.event(*event).content_str("body")).collect();
    assert_eq!(older, ["2", "1"], "paging begins right before the timeline");
}

#[test]
fn exactly_the_limit_is_no_gap() {
    let mut scene = Scene::new();
    let (alice, bob) = (scene.alice, scene.bob);
    let room = scene.room(&[alice]);
    scene.filter(json!({ "room": { "timeline": { "limit": 2 } } })).poll();
    scene.say(room, bob, "1");
    scene.say(room, bob, "2");
    assert_eq!(scene.poll_room("join", room)["timeline"]["limited"], false);
}

#[test]
fn lazy_loading_brings_the_members_of_who_speaks_once() {
    let mut scene = Scene::lazily();
    let carol = scene.user("carol");
    let (alice, bob) = (scene.alice, scene.bob);
    let room = scene.room(&[carol, alice]);
    for number in 0..10 {
        scene.say(room, bob, &number.to_string());
    }
    let first = scene.poll_room("join", room);
    let members: Vec<String> =
        keys(&first["state"]).into_iter().filter(|key| key.starts_with("m.room.member")).collect();
    assert_eq!(
        members,
        ["m.room.member/@bob:test", "m.room.member/@alice:test"],
        "the speaker and the user, not carol"
    );
    assert_eq!(
        first["summary"],
        json!({ "m.heroes": ["@bob:test", "@carol:test"], "m.joined_member_count": 3, "m.invited_member_count": 0 })
    );

    scene.say(room, carol, "hi");
    let second = scene.poll_room("join", room);
    assert_eq!(keys(&second["state"]), ["m.room.member/@carol:test"]);
    assert!(second.get("summary").is_none(), "the members did not change");
    scene.say(room, carol, "again");
    assert_eq!(keys(&scene.poll_room("join", room)["state"]), [""; 0], "she was sent already");

    scene.filter = json!({ "room": { "state": { "lazy_load_members": true, "include_redundant_members": true } } });
    scene.say(room, carol, "and again");
    assert_eq!(
        keys(&scene.poll_room("join", room)["state"]),
        ["m.room.member/@carol:test"],
        "redundant members are asked for"
    );
}

#[test]
fn the_summary_comes_again_when_members_change_and_names_nobody_in_a_named_room() {
    let mut scene = Scene::lazily();
    let carol = scene.user("carol");
    let alice = scene.alice;
    let room = scene.room(&[alice]);
    scene.poll();
    scene.world.join(room, carol, None, NOW).expect("the room is public");
    assert_eq!(scene.poll_room("join", room)["summary"]["m.joined_member_count"], 3);
    scene.set(room, "m.room.name", json!({ "name": "Named" }));
    scene.world.leave(room, carol, None, NOW).expect("she is joined");
    assert_eq!(
        scene.poll_room("join", room)["summary"],
        json!({ "m.joined_member_count": 2, "m.invited_member_count": 0 })
    );
}

#[test]
fn an_empty_list_of_rooms_brings_no_room_but_all_invites() {
    let mut scene = Scene::new();
    let (alice, bob) = (scene.alice, scene.bob);
    scene.room(&[alice]);
    let invited = scene.private_room();
    scene.world.invite(invited, bob, alice, None, false, NOW).expect("bob may invite");
    scene.world.set_account_data(alice, "m.direct", json_of(&json!({})));
    let first = scene.filter(json!({ "room": { "rooms": [] } })).poll();
    assert!(first["rooms"].get("join").is_none());
    assert!(first["rooms"]["invite"][&*scene.id(invited)].is_object());
    assert!(keys(&first["account_data"]).contains(&"m.direct/-".to_owned()));
}

#[test]
fn state_after_is_the_state_at_the_end_and_shows_resets() {
    let mut scene = Scene::new();
    let (alice, bob) = (scene.alice, scene.bob);
    let room = scene.room(&[alice]);
    scene.poll();
    scene.set(room, "m.room.topic", json!({ "topic": "in the timeline" }));
    let before = scene.since;
    let plain = scene.poll_room("join", room);
    assert_eq!(keys(&plain["state"]), [""; 0], "the timeline says it");

    (scene.since, scene.state_key) = (before, StateKey::StateAfter);
    let after = scene.poll_room("join", room);
    assert_eq!(keys(&after["state_after"]), ["m.room.topic/"], "the end of the timeline says it, too");
    assert!(after.get("state").is_none());

    scene.state_key = StateKey::UnstableStateAfter;
    scene.world.reset_state(room, bob, "m.room.topic", "", Some(json_of(&json!({ "topic": "reset" }))), NOW);
    let reset = scene.poll_room("join", room);
    let events = &reset["org.matrix.msc4222.state_after"]["events"];
    assert_eq!(events[0]["content"]["topic"], "reset");
    assert_eq!(reset["timeline"]["events"], json!([]), "a reset has no timeline event");
}

#[test]
fn a_reset_is_unseen_without_state_after_and_a_removal_in_any_case() {
    let mut scene = Scene::new();
    let (alice, bob) = (scene.alice, scene.bob);
    let room = scene.room(&[alice]);
    scene.set(room, "m.room.topic", json!({ "topic": "old" }));
    scene.poll();
    scene.world.reset_state(room, bob, "m.room.topic", "", Some(json_of(&json!({ "topic": "new" }))), NOW);
    assert!(scene.poll().get("rooms").is_none());
    scene.state_key = StateKey::StateAfter;
    scene.world.reset_state(room, bob, "m.room.topic", "", None, NOW);
    assert!(scene.poll().get("rooms").is_none());
    scene.since = None;
    let whole = scene.poll_room("join", room);
    assert!(!keys(&whole["state_after"]).contains(&"m.room.topic/".to_owned()), "a whole state shows that it is gone");
}

#[test]
fn to_device_messages_stay_until_since_has_passed_them() {
    let mut scene = Scene::new();
    let alice = scene.alice;
    scene.poll();
    let message = json_of(&json!({ "type": "m.dummy", "sender": "@bob:test", "content": {} }));
    scene.world.send_to_device(alice, "*", &message);
    let before = scene.since;
    let count = |response: &Value| response["to_device"]["events"].as_array().map_or(0, Vec::len);
    assert_eq!(count(&scene.poll()), 1);
    scene.since = before;
    assert_eq!(count(&scene.poll()), 1, "the same since brings it again");
    assert_eq!(count(&scene.poll()), 0, "the new since deletes it");
    scene.since = before;
    assert_eq!(count(&scene.poll()), 0, "and then it is gone for the old one, too");
}

#[test]
fn many_to_device_messages_come_a_hundred_at_a_time() {
    let mut scene = Scene::new();
    let alice = scene.alice;
    scene.poll();
    for number in 0..150 {
        let message = json_of(&json!({ "type": "m.dummy", "sender": "@bob:test", "content": { "n": number } }));
        scene.world.send_to_device(alice, "*", &message);
    }
    let first = scene.poll();
    assert_eq!(first["to_device"]["events"].as_array().map(Vec::len), Some(100));
    let device = device_of("alice");
    let viewer = Viewer { user: alice, device: &device, now: NOW };
    assert!(may_have_news(&scene.world, viewer, scene.since.expect("polled")), "the next poll must not wait");
    let second = scene.poll();
    assert_eq!(second["to_device"]["events"][0]["content"]["n"], 100);
    assert_eq!(second["to_device"]["events"].as_array().map(Vec::len), Some(50));
}

#[test]
fn device_lists_name_who_changed_who_came_and_who_is_gone() {
    let mut scene = Scene::new();
    let (alice, bob) = (scene.alice, scene.bob);
    let carol = scene.user("carol");
    let stranger = scene.user("stranger");
    let room = scene.room(&[alice]);
    scene.poll();
    scene.world.note_device_change(bob);
    scene.world.note_device_change(stranger);
    scene.world.join(room, carol, None, NOW).expect("the room is public");
    assert_eq!(scene.poll()["device_lists"], json!({ "changed": ["@bob:test", "@carol:test"], "left": [] }));
    scene.world.leave(room, carol, None, NOW).expect("she is joined");
    assert_eq!(scene.poll()["device_lists"], json!({ "changed": [], "left": ["@carol:test"] }));
    scene.world.leave(room, alice, None, NOW).expect("she is joined");
    assert_eq!(scene.poll()["device_lists"], json!({ "changed": [], "left": ["@bob:test"] }));
}

#[test]
fn messages_and_invites_of_ignored_users_are_left_out() {
    let mut scene = Scene::new();
    let (alice, bob) = (scene.alice, scene.bob);
    let carol = scene.user("carol");
    let room = scene.room(&[alice, carol]);
    let invited = scene.private_room();
    scene.world.set_account_data(
        alice,
        "m.ignored_user_list",
        json_of(&json!({ "ignored_users": { "@bob:test": {} } })),
    );
    scene.world.invite(invited, bob, alice, None, false, NOW).expect("bob may invite");
    scene.say(room, bob, "buy now");
    scene.say(room, carol, "hello");
    let first = scene.poll();
    assert_eq!(bodies(&first["rooms"]["join"][&*scene.id(room)]), ["hello"]);
    assert!(first["rooms"].get("invite").is_none());
}

#[test]
fn only_the_sending_device_sees_the_transaction_id() {
    let mut scene = Scene::new();
    let alice = scene.alice;
    let room = scene.room(&[alice]);
    scene.poll();
    for (device, id) in [("ALICE1", "mine"), ("ALICE2", "other")] {
        let transaction =
            Some(super::super::world::Transaction { user: alice, device: device.to_owned(), id: id.to_owned() });
        let content = json_of(&json!({ "body": id }));
        scene.world.append(NewEvent { transaction, ..NewEvent::new(room, alice, "m.room.message", content, NOW) });
    }
    let events = scene.poll_room("join", room)["timeline"]["events"].clone();
    assert_eq!(events[0]["unsigned"]["transaction_id"], "mine");
    assert!(events[1]["unsigned"].get("transaction_id").is_none());
}

#[test]
fn a_redaction_empties_the_event_and_an_edit_is_bundled() {
    let mut scene = Scene::new();
    let (alice, bob) = (scene.alice, scene.bob);
    let room = scene.room(&[alice]);
    let (spam, draft) = (scene.say(room, bob, "spam"), scene.say(room, bob, "draft"));
    scene.world.redact(spam, bob, Some("wrong room"), None, NOW);
    let relates = json!({ "rel_type": "m.replace", "event_id": scene.world.event_id(draft) });
    let edit = json!({ "body": "* final", "m.new_content": { "body": "final" }, "m.relates_to": relates });
    scene.world.append(NewEvent::new(room, bob, "m.room.message", json_of(&edit), NOW));
    let events = scene.poll_room("join", room)["timeline"]["events"].clone();
    let event = |no| {
        let id = scene.world.event_id(no);
        events
            .as_array()
            .and_then(|events| events.iter().find(|event| event["event_id"] == json!(id)))
            .cloned()
            .expect("in the timeline")
    };
    assert_eq!(event(spam)["content"], json!({}));
    assert_eq!(event(spam)["unsigned"]["redacted_because"]["content"]["reason"], "wrong room");
    assert_eq!(event(draft)["unsigned"]["m.relations"]["m.replace"]["content"]["m.new_content"]["body"], "final");
}

#[test]
fn unread_counts_follow_receipts_and_own_messages() {
    let mut scene = Scene::new();
    let (alice, bob) = (scene.alice, scene.bob);
    let room = scene.room(&[alice]);
    scene.say(room, bob, "one");
    let mention = scene.say(room, bob, "Alice: two");
    assert_eq!(
        scene.poll_room("join", room)["unread_notifications"],
        json!({ "notification_count": 2, "highlight_count": 1 })
    );
    scene.world.set_receipt(room, alice, "m.read.private", mention, None, NOW);
    let read = scene.poll_room("join", room);
    assert_eq!(read["unread_notifications"], json!({ "notification_count": 0, "highlight_count": 0 }));
    assert_eq!(read["ephemeral"]["events"][0]["type"], "m.receipt", "the own private receipt comes back");
    scene.say(room, bob, "three");
    scene.say(room, alice, "four");
    assert_eq!(scene.poll_room("join", room)["unread_notifications"]["notification_count"], 0, "who writes has read");
}

#[test]
fn private_receipts_of_others_stay_private_and_typing_comes_as_a_whole() {
    let mut scene = Scene::new();
    let (alice, bob) = (scene.alice, scene.bob);
    let room = scene.room(&[alice]);
    let message = scene.say(room, alice, "read me");
    scene.poll();
    scene.world.set_receipt(room, bob, "m.read.private", message, None, NOW);
    assert!(scene.poll().get("rooms").is_none());
    scene.world.set_typing(room, bob, Some(NOW + 1_000));
    let typing = scene.poll_room("join", room);
    assert_eq!(
        typing["ephemeral"]["events"],
        json!([{ "type": "m.typing", "content": { "user_ids": ["@bob:test"] } }])
    );
    scene.world.expire_typing(NOW + 1_000);
    let over = scene.poll_room("join", room);
    assert_eq!(over["ephemeral"]["events"], json!([{ "type": "m.typing", "content": { "user_ids": [] } }]));
}

#[test]
fn history_from_before_the_join_is_seen_only_when_shared() {
    let mut scene = Scene::new();
    let (alice, bob) = (scene.alice, scene.bob);
    let room = scene.room(&[]);
    scene.set(room, "m.room.history_visibility", json!({ "history_visibility": "joined" }));
    scene.say(room, bob, "members only");
    scene.world.join(room, alice, None, NOW).expect("the room is public");
    scene.say(room, bob, "hello alice");
    assert_eq!(bodies(&scene.poll_room("join", room)), ["hello alice"]);
}

#[test]
fn a_removed_member_has_the_membership_that_says_why() {
    let mut scene = Scene::new();
    let (alice, bob) = (scene.alice, scene.bob);
    let room = scene.room(&[alice]);
    scene.poll();
    scene.world.ban(room, bob, alice, Some("rules"), NOW).expect("bob may ban");
    let left = scene.poll_room("leave", room);
    let own = &left["timeline"]["events"][0];
    assert_eq!(
        (own["content"]["membership"].as_str(), own["content"]["reason"].as_str()),
        (Some("ban"), Some("rules"))
    );
    assert_eq!(own["unsigned"]["prev_content"]["membership"], "join");
    assert_eq!(scene.world.room(room).membership(alice), Some(Membership::Ban));
    assert!(scene.world.join(room, alice, None, NOW).is_err(), "the banned stay out");
}
