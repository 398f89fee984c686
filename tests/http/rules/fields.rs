//! Every field of a request with the wrong type, out of range, or missing: which status, `errcode` and sentence it gets, and
//! what is taken at the edge of the range (`spec/v4.md`; `spec/synapse.md` §1).

use expect_test::expect;

use crate::scenario::{check_simplified, check_v4};

#[test]
fn the_connection_on_v4() {
    check_v4(expect![[r#"
        v2: !a timeline m1
        post {"pos":7}
            400 M_BAD_JSON: pos: must be a string, not 7
        post {"pos":true}
            400 M_BAD_JSON: pos: must be a string, not true
        post {"pos":[]}
            400 M_BAD_JSON: pos: must be a string, not a list
        post {"pos":{}}
            400 M_BAD_JSON: pos: must be a string, not an object
        post {"pos":"bogus"}
            400 M_UNKNOWN_POS: unknown pos: start the connection anew
        post {"pos":""}
            400 M_UNKNOWN_POS: unknown pos: start the connection anew
        post {"conn_id":7}
            400 M_BAD_JSON: conn_id: must be a string, not 7
        post {"conn_id":true}
            400 M_BAD_JSON: conn_id: must be a string, not true
        post {"conn_id":[]}
            400 M_BAD_JSON: conn_id: must be a string, not a list
        post {"conn_id":{}}
            400 M_BAD_JSON: conn_id: must be a string, not an object
        post {"conn_id":"<c*255>"}
            200
        post {"conn_id":"<c*256>"}
            400 M_INVALID_PARAM: conn_id: must be at most 255 bytes long, not a longer string
        post {"timeout":"5"}
            400 M_BAD_JSON: timeout: must be an integer, not "5"
        post {"timeout":true}
            400 M_BAD_JSON: timeout: must be an integer, not true
        post {"timeout":[]}
            400 M_BAD_JSON: timeout: must be an integer, not a list
        post {"timeout":{}}
            400 M_BAD_JSON: timeout: must be an integer, not an object
        post {"timeout":1.5}
            400 M_BAD_JSON: timeout: must be an integer, not 1.5
        post {"timeout":1e3}
            400 M_BAD_JSON: timeout: must be an integer, not 1e3
        post {"timeout":-5}
            400 M_INVALID_PARAM: timeout: must be at least 0, not -5
        post {"timeout":-99999999999999999999}
            400 M_INVALID_PARAM: timeout: must be at least 0, not -99999999999999999999
        post {"timeout":99999999999999999999}
            200
        post {"set_presence":7}
            400 M_BAD_JSON: set_presence: must be a string, not 7
        post {"set_presence":true}
            400 M_BAD_JSON: set_presence: must be a string, not true
        post {"set_presence":[]}
            400 M_BAD_JSON: set_presence: must be a string, not a list
        post {"set_presence":{}}
            400 M_BAD_JSON: set_presence: must be a string, not an object
        post {"set_presence":"busy"}
            400 M_INVALID_PARAM: set_presence: must be online, offline or unavailable, not "busy"
        post {"set_presence":"<b*50>"}
            400 M_INVALID_PARAM: set_presence: must be online, offline or unavailable, not a longer string
        post {"unknown":7}
            200
    "#]]);
}

#[test]
fn lists_on_v4() {
    check_v4(expect![[r#"
        v2: !a timeline m1
        post {"lists":7}
            400 M_BAD_JSON: lists: must be an object, not 7
        post {"lists":true}
            400 M_BAD_JSON: lists: must be an object, not true
        post {"lists":"x"}
            400 M_BAD_JSON: lists: must be an object, not "x"
        post {"lists":[]}
            400 M_BAD_JSON: lists: must be an object, not a list
        post {"lists":{"a":7}}
            400 M_BAD_JSON: lists.a: must be an object, not 7
        post {"lists":{"a":true}}
            400 M_BAD_JSON: lists.a: must be an object, not true
        post {"lists":{"a":"x"}}
            400 M_BAD_JSON: lists.a: must be an object, not "x"
        post {"lists":{"a":[]}}
            400 M_BAD_JSON: lists.a: must be an object, not a list
        post {"lists":{"a":null}}
            400 M_BAD_JSON: lists.a: must be an object, not null
        post {"lists":{"a b":{"timeline_limit":1,"required_state":{}}}}
            400 M_INVALID_PARAM: lists.a b: must stand under an opaque identifier: 1 to 255 of A-Z a-z 0-9 - . _ ~
        post {"lists":{"":{"timeline_limit":1,"required_state":{}}}}
            400 M_INVALID_PARAM: lists.: must stand under an opaque identifier: 1 to 255 of A-Z a-z 0-9 - . _ ~
        post {"lists":{"<k*255>":{"timeline_limit":1,"required_state":{}}}}
            200
        post {"lists":{"<k*256>":{"timeline_limit":1,"required_state":{}}}}
            400 M_INVALID_PARAM: lists.kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk…: must stand under an opaque identifier: 1 to 255 of A-Z a-z 0-9 - . _ ~
        post {"lists":{"a":{}}}
            400 M_MISSING_PARAM: lists.a.timeline_limit: must be an integer, and is missing
        post {"lists":{"a":{"timeline_limit":1}}}
            400 M_MISSING_PARAM: lists.a.required_state: must be an object, and is missing
        post {"lists":{"a":{"required_state":{}}}}
            400 M_MISSING_PARAM: lists.a.timeline_limit: must be an integer, and is missing
        post {"lists":{"a":{"timeline_limit":null,"required_state":{}}}}
            400 M_MISSING_PARAM: lists.a.timeline_limit: must be an integer, and is missing
        post {"lists":{"a":{"timeline_limit":"1","required_state":{}}}}
            400 M_BAD_JSON: lists.a.timeline_limit: must be an integer, not "1"
        post {"lists":{"a":{"timeline_limit":true,"required_state":{}}}}
            400 M_BAD_JSON: lists.a.timeline_limit: must be an integer, not true
        post {"lists":{"a":{"timeline_limit":[],"required_state":{}}}}
            400 M_BAD_JSON: lists.a.timeline_limit: must be an integer, not a list
        post {"lists":{"a":{"timeline_limit":{},"required_state":{}}}}
            400 M_BAD_JSON: lists.a.timeline_limit: must be an integer, not an object
        post {"lists":{"a":{"timeline_limit":1.5,"required_state":{}}}}
            400 M_BAD_JSON: lists.a.timeline_limit: must be an integer, not 1.5
        post {"lists":{"a":{"timeline_limit":-1,"required_state":{}}}}
            400 M_INVALID_PARAM: lists.a.timeline_limit: must be at least 0, not -1
        post {"lists":{"a":{"timeline_limit":99999999999999999999,"required_state":{}}}}
            200
        post {"lists":{"a":{"timeline_limit":1,"required_state":7}}}
            400 M_BAD_JSON: lists.a.required_state: must be an object, not 7
        post {"lists":{"a":{"timeline_limit":1,"required_state":true}}}
            400 M_BAD_JSON: lists.a.required_state: must be an object, not true
        post {"lists":{"a":{"timeline_limit":1,"required_state":"x"}}}
            400 M_BAD_JSON: lists.a.required_state: must be an object, not "x"
        post {"lists":{"a":{"timeline_limit":1,"required_state":[]}}}
            400 M_BAD_JSON: lists.a.required_state: must be an object, not a list
        post {"lists":{"a":{"timeline_limit":1,"required_state":{"include":7}}}}
            400 M_BAD_JSON: lists.a.required_state.include: must be a list, not 7
        post {"lists":{"a":{"timeline_limit":1,"required_state":{"include":"x"}}}}
            400 M_BAD_JSON: lists.a.required_state.include: must be a list, not "x"
        post {"lists":{"a":{"timeline_limit":1,"required_state":{"include":{}}}}}
            400 M_BAD_JSON: lists.a.required_state.include: must be a list, not an object
        post {"lists":{"a":{"timeline_limit":1,"required_state":{"include":[7]}}}}
            400 M_BAD_JSON: lists.a.required_state.include[0]: must be an object, not 7
        post {"lists":{"a":{"timeline_limit":1,"required_state":{"include":[["m.room.name",""]]}}}}
            400 M_BAD_JSON: lists.a.required_state.include[0]: must be an object, not a list
        post {"lists":{"a":{"timeline_limit":1,"required_state":{"include":[{},null]}}}}
            400 M_BAD_JSON: lists.a.required_state.include[1]: must be an object, not null
        post {"lists":{"a":{"timeline_limit":1,"required_state":{"include":[{"type":7}]}}}}
            400 M_BAD_JSON: lists.a.required_state.include[0].type: must be a string, not 7
        post {"lists":{"a":{"timeline_limit":1,"required_state":{"include":[{"state_key":[]}]}}}}
            400 M_BAD_JSON: lists.a.required_state.include[0].state_key: must be a string, not a list
        post {"lists":{"a":{"timeline_limit":1,"required_state":{"include":[{"type":"<t*256>"}]}}}}
            200
        post {"lists":{"a":{"timeline_limit":1,"required_state":{"exclude":7}}}}
            400 M_BAD_JSON: lists.a.required_state.exclude: must be a list, not 7
        post {"lists":{"a":{"timeline_limit":1,"required_state":{"exclude":[{},"x"]}}}}
            400 M_BAD_JSON: lists.a.required_state.exclude[1]: must be an object, not "x"
        post {"lists":{"a":{"timeline_limit":1,"required_state":{"exclude":[{"type":{}}]}}}}
            400 M_BAD_JSON: lists.a.required_state.exclude[0].type: must be a string, not an object
        post {"lists":{"a":{"timeline_limit":1,"required_state":{"lazy_members":1}}}}
            400 M_BAD_JSON: lists.a.required_state.lazy_members: must be true or false, not 1
        post {"lists":{"a":{"timeline_limit":1,"required_state":{"lazy_members":"yes"}}}}
            400 M_BAD_JSON: lists.a.required_state.lazy_members: must be true or false, not "yes"
        post {"lists":{"a":{"timeline_limit":1,"required_state":{"lazy_members":[]}}}}
            400 M_BAD_JSON: lists.a.required_state.lazy_members: must be true or false, not a list
    "#]]);
}

#[test]
fn ranges_on_v4() {
    check_v4(expect![[r#"
        v2: !a timeline m1
        post {"lists":{"a":{"timeline_limit":1,"required_state":{},"range":7}}}
            400 M_BAD_JSON: lists.a.range: must be a pair of integers, not 7
        post {"lists":{"a":{"timeline_limit":1,"required_state":{},"range":"0-9"}}}
            400 M_BAD_JSON: lists.a.range: must be a pair of integers, not "0-9"
        post {"lists":{"a":{"timeline_limit":1,"required_state":{},"range":{}}}}
            400 M_BAD_JSON: lists.a.range: must be a pair of integers, not an object
        post {"lists":{"a":{"timeline_limit":1,"required_state":{},"range":[]}}}
            400 M_BAD_JSON: lists.a.range: must be a pair of integers, not a list of 0
        post {"lists":{"a":{"timeline_limit":1,"required_state":{},"range":[0]}}}
            400 M_BAD_JSON: lists.a.range: must be a pair of integers, not a list of 1
        post {"lists":{"a":{"timeline_limit":1,"required_state":{},"range":[0,1,2]}}}
            400 M_BAD_JSON: lists.a.range: must be a pair of integers, not a list of 3
        post {"lists":{"a":{"timeline_limit":1,"required_state":{},"range":[0,"9"]}}}
            400 M_BAD_JSON: lists.a.range[1]: must be an integer, not "9"
        post {"lists":{"a":{"timeline_limit":1,"required_state":{},"range":[0.5,9]}}}
            400 M_BAD_JSON: lists.a.range[0]: must be an integer, not 0.5
        post {"lists":{"a":{"timeline_limit":1,"required_state":{},"range":[-1,9]}}}
            400 M_INVALID_PARAM: lists.a.range[0]: must be at least 0, not -1
        post {"lists":{"a":{"timeline_limit":1,"required_state":{},"range":[0,-9]}}}
            400 M_INVALID_PARAM: lists.a.range[1]: must be at least 0, not -9
        post {"lists":{"a":{"timeline_limit":1,"required_state":{},"range":[5,2]}}}
            200
        post {"lists":{"a":{"timeline_limit":1,"required_state":{},"range":[0,99999999999999999999]}}}
            200
    "#]]);
}

#[test]
fn filters_on_v4() {
    check_v4(expect![[r#"
        v2: !a timeline m1
        post {"lists":{"a":{"timeline_limit":1,"required_state":{},"filters":7}}}
            400 M_BAD_JSON: lists.a.filters: must be an object, not 7
        post {"lists":{"a":{"timeline_limit":1,"required_state":{},"filters":[]}}}
            400 M_BAD_JSON: lists.a.filters: must be an object, not a list
        post {"lists":{"a":{"timeline_limit":1,"required_state":{},"filters":"x"}}}
            400 M_BAD_JSON: lists.a.filters: must be an object, not "x"
        post {"lists":{"a":{"timeline_limit":1,"required_state":{},"filters":{"is_dm":1}}}}
            400 M_BAD_JSON: lists.a.filters.is_dm: must be true or false, not 1
        post {"lists":{"a":{"timeline_limit":1,"required_state":{},"filters":{"is_dm":"yes"}}}}
            400 M_BAD_JSON: lists.a.filters.is_dm: must be true or false, not "yes"
        post {"lists":{"a":{"timeline_limit":1,"required_state":{},"filters":{"is_encrypted":1}}}}
            400 M_BAD_JSON: lists.a.filters.is_encrypted: must be true or false, not 1
        post {"lists":{"a":{"timeline_limit":1,"required_state":{},"filters":{"is_encrypted":"yes"}}}}
            400 M_BAD_JSON: lists.a.filters.is_encrypted: must be true or false, not "yes"
        post {"lists":{"a":{"timeline_limit":1,"required_state":{},"filters":{"is_invited":1}}}}
            400 M_BAD_JSON: lists.a.filters.is_invited: must be true or false, not 1
        post {"lists":{"a":{"timeline_limit":1,"required_state":{},"filters":{"is_invited":"yes"}}}}
            400 M_BAD_JSON: lists.a.filters.is_invited: must be true or false, not "yes"
        post {"lists":{"a":{"timeline_limit":1,"required_state":{},"filters":{"sash.unread":1}}}}
            400 M_BAD_JSON: lists.a.filters.sash.unread: must be true or false, not 1
        post {"lists":{"a":{"timeline_limit":1,"required_state":{},"filters":{"sash.unread":"yes"}}}}
            400 M_BAD_JSON: lists.a.filters.sash.unread: must be true or false, not "yes"
        post {"lists":{"a":{"timeline_limit":1,"required_state":{},"filters":{"spaces":"x"}}}}
            400 M_BAD_JSON: lists.a.filters.spaces: must be a list, not "x"
        post {"lists":{"a":{"timeline_limit":1,"required_state":{},"filters":{"spaces":{}}}}}
            400 M_BAD_JSON: lists.a.filters.spaces: must be a list, not an object
        post {"lists":{"a":{"timeline_limit":1,"required_state":{},"filters":{"spaces":[7]}}}}
            400 M_BAD_JSON: lists.a.filters.spaces[0]: must be a string, not 7
        post {"lists":{"a":{"timeline_limit":1,"required_state":{},"filters":{"spaces":["x",null]}}}}
            400 M_BAD_JSON: lists.a.filters.spaces[1]: must be a string, not null
        post {"lists":{"a":{"timeline_limit":1,"required_state":{},"filters":{"tags":"x"}}}}
            400 M_BAD_JSON: lists.a.filters.tags: must be a list, not "x"
        post {"lists":{"a":{"timeline_limit":1,"required_state":{},"filters":{"tags":{}}}}}
            400 M_BAD_JSON: lists.a.filters.tags: must be a list, not an object
        post {"lists":{"a":{"timeline_limit":1,"required_state":{},"filters":{"tags":[7]}}}}
            400 M_BAD_JSON: lists.a.filters.tags[0]: must be a string, not 7
        post {"lists":{"a":{"timeline_limit":1,"required_state":{},"filters":{"tags":["x",null]}}}}
            400 M_BAD_JSON: lists.a.filters.tags[1]: must be a string, not null
        post {"lists":{"a":{"timeline_limit":1,"required_state":{},"filters":{"not_tags":"x"}}}}
            400 M_BAD_JSON: lists.a.filters.not_tags: must be a list, not "x"
        post {"lists":{"a":{"timeline_limit":1,"required_state":{},"filters":{"not_tags":{}}}}}
            400 M_BAD_JSON: lists.a.filters.not_tags: must be a list, not an object
        post {"lists":{"a":{"timeline_limit":1,"required_state":{},"filters":{"not_tags":[7]}}}}
            400 M_BAD_JSON: lists.a.filters.not_tags[0]: must be a string, not 7
        post {"lists":{"a":{"timeline_limit":1,"required_state":{},"filters":{"not_tags":["x",null]}}}}
            400 M_BAD_JSON: lists.a.filters.not_tags[1]: must be a string, not null
        post {"lists":{"a":{"timeline_limit":1,"required_state":{},"filters":{"room_types":"x"}}}}
            400 M_BAD_JSON: lists.a.filters.room_types: must be a list, not "x"
        post {"lists":{"a":{"timeline_limit":1,"required_state":{},"filters":{"room_types":{}}}}}
            400 M_BAD_JSON: lists.a.filters.room_types: must be a list, not an object
        post {"lists":{"a":{"timeline_limit":1,"required_state":{},"filters":{"room_types":[7]}}}}
            400 M_BAD_JSON: lists.a.filters.room_types[0]: must be a string or null, not 7
        post {"lists":{"a":{"timeline_limit":1,"required_state":{},"filters":{"room_types":["m.space",null]}}}}
            200
        post {"lists":{"a":{"timeline_limit":1,"required_state":{},"filters":{"not_room_types":"x"}}}}
            400 M_BAD_JSON: lists.a.filters.not_room_types: must be a list, not "x"
        post {"lists":{"a":{"timeline_limit":1,"required_state":{},"filters":{"not_room_types":{}}}}}
            400 M_BAD_JSON: lists.a.filters.not_room_types: must be a list, not an object
        post {"lists":{"a":{"timeline_limit":1,"required_state":{},"filters":{"not_room_types":[7]}}}}
            400 M_BAD_JSON: lists.a.filters.not_room_types[0]: must be a string or null, not 7
        post {"lists":{"a":{"timeline_limit":1,"required_state":{},"filters":{"not_room_types":["m.space",null]}}}}
            200
    "#]]);
}

#[test]
fn subscriptions_on_v4() {
    check_v4(expect![[r#"
        v2: !a timeline m1
        post {"room_subscriptions":7}
            400 M_BAD_JSON: room_subscriptions: must be an object, not 7
        post {"room_subscriptions":"x"}
            400 M_BAD_JSON: room_subscriptions: must be an object, not "x"
        post {"room_subscriptions":[]}
            400 M_BAD_JSON: room_subscriptions: must be an object, not a list
        post {"room_subscriptions":{"!a:x":7}}
            400 M_BAD_JSON: room_subscriptions.!a:x: must be an object, not 7
        post {"room_subscriptions":{"!a:x":[]}}
            400 M_BAD_JSON: room_subscriptions.!a:x: must be an object, not a list
        post {"room_subscriptions":{"!a:x":null}}
            400 M_BAD_JSON: room_subscriptions.!a:x: must be an object, not null
        post {"room_subscriptions":{"!a:x":{}}}
            400 M_MISSING_PARAM: room_subscriptions.!a:x.timeline_limit: must be an integer, and is missing
        post {"room_subscriptions":{"!a:x":{"timeline_limit":1}}}
            400 M_MISSING_PARAM: room_subscriptions.!a:x.required_state: must be an object, and is missing
        post {"room_subscriptions":{"!a:x":{"timeline_limit":-1,"required_state":{}}}}
            400 M_INVALID_PARAM: room_subscriptions.!a:x.timeline_limit: must be at least 0, not -1
        post {"room_subscriptions":{"nonsense":{"timeline_limit":1,"required_state":{}}}}
            200
    "#]]);
}

#[test]
fn extensions_on_v4() {
    check_v4(expect![[r#"
        v2: !a timeline m1
        post {"extensions":7}
            400 M_BAD_JSON: extensions: must be an object, not 7
        post {"extensions":"x"}
            400 M_BAD_JSON: extensions: must be an object, not "x"
        post {"extensions":[]}
            400 M_BAD_JSON: extensions: must be an object, not a list
        post {"extensions":{"org.matrix.msc4538.to_device":7}}
            400 M_BAD_JSON: extensions.org.matrix.msc4538.to_device: must be an object, not 7
        post {"extensions":{"org.matrix.msc4538.to_device":[]}}
            400 M_BAD_JSON: extensions.org.matrix.msc4538.to_device: must be an object, not a list
        post {"extensions":{"org.matrix.msc4538.to_device":{"enabled":1}}}
            400 M_BAD_JSON: extensions.org.matrix.msc4538.to_device.enabled: must be true or false, not 1
        post {"extensions":{"org.matrix.msc4543.e2ee":7}}
            400 M_BAD_JSON: extensions.org.matrix.msc4543.e2ee: must be an object, not 7
        post {"extensions":{"org.matrix.msc4543.e2ee":[]}}
            400 M_BAD_JSON: extensions.org.matrix.msc4543.e2ee: must be an object, not a list
        post {"extensions":{"org.matrix.msc4543.e2ee":{"enabled":1}}}
            400 M_BAD_JSON: extensions.org.matrix.msc4543.e2ee.enabled: must be true or false, not 1
        post {"extensions":{"account_data":7}}
            400 M_BAD_JSON: extensions.account_data: must be an object, not 7
        post {"extensions":{"account_data":[]}}
            400 M_BAD_JSON: extensions.account_data: must be an object, not a list
        post {"extensions":{"account_data":{"enabled":1}}}
            400 M_BAD_JSON: extensions.account_data.enabled: must be true or false, not 1
        post {"extensions":{"receipts":7}}
            400 M_BAD_JSON: extensions.receipts: must be an object, not 7
        post {"extensions":{"receipts":[]}}
            400 M_BAD_JSON: extensions.receipts: must be an object, not a list
        post {"extensions":{"receipts":{"enabled":1}}}
            400 M_BAD_JSON: extensions.receipts.enabled: must be true or false, not 1
        post {"extensions":{"typing":7}}
            400 M_BAD_JSON: extensions.typing: must be an object, not 7
        post {"extensions":{"typing":[]}}
            400 M_BAD_JSON: extensions.typing: must be an object, not a list
        post {"extensions":{"typing":{"enabled":1}}}
            400 M_BAD_JSON: extensions.typing.enabled: must be true or false, not 1
        post {"extensions":{"org.matrix.msc4508.typing":7}}
            400 M_BAD_JSON: extensions.org.matrix.msc4508.typing: must be an object, not 7
        post {"extensions":{"org.matrix.msc4508.typing":[]}}
            400 M_BAD_JSON: extensions.org.matrix.msc4508.typing: must be an object, not a list
        post {"extensions":{"org.matrix.msc4508.typing":{"enabled":1}}}
            400 M_BAD_JSON: extensions.org.matrix.msc4508.typing.enabled: must be true or false, not 1
        post {"extensions":{"presence":7}}
            400 M_BAD_JSON: extensions.presence: must be an object, not 7
        post {"extensions":{"presence":[]}}
            400 M_BAD_JSON: extensions.presence: must be an object, not a list
        post {"extensions":{"presence":{"enabled":1}}}
            400 M_BAD_JSON: extensions.presence.enabled: must be true or false, not 1
        post {"extensions":{"sash.counts":7}}
            400 M_BAD_JSON: extensions.sash.counts: must be an object, not 7
        post {"extensions":{"sash.counts":[]}}
            400 M_BAD_JSON: extensions.sash.counts: must be an object, not a list
        post {"extensions":{"sash.counts":{"enabled":1}}}
            400 M_BAD_JSON: extensions.sash.counts.enabled: must be true or false, not 1
        post {"extensions":{"unknown":7}}
            200
    "#]]);
}

#[test]
fn extension_scopes_and_parameters_on_v4() {
    check_v4(expect![[r#"
        v2: !a timeline m1
        post {"extensions":{"account_data":{"enabled":true,"lists":"a"}}}
            400 M_BAD_JSON: extensions.account_data.lists: must be a list, not "a"
        post {"extensions":{"account_data":{"enabled":true,"lists":{}}}}
            400 M_BAD_JSON: extensions.account_data.lists: must be a list, not an object
        post {"extensions":{"account_data":{"enabled":true,"lists":[7]}}}
            400 M_BAD_JSON: extensions.account_data.lists[0]: must be a string, not 7
        post {"extensions":{"account_data":{"enabled":true,"rooms":"a"}}}
            400 M_BAD_JSON: extensions.account_data.rooms: must be a list, not "a"
        post {"extensions":{"account_data":{"enabled":true,"rooms":{}}}}
            400 M_BAD_JSON: extensions.account_data.rooms: must be a list, not an object
        post {"extensions":{"account_data":{"enabled":true,"rooms":[7]}}}
            400 M_BAD_JSON: extensions.account_data.rooms[0]: must be a string, not 7
        post {"extensions":{"receipts":{"enabled":true,"lists":"a"}}}
            400 M_BAD_JSON: extensions.receipts.lists: must be a list, not "a"
        post {"extensions":{"receipts":{"enabled":true,"lists":{}}}}
            400 M_BAD_JSON: extensions.receipts.lists: must be a list, not an object
        post {"extensions":{"receipts":{"enabled":true,"lists":[7]}}}
            400 M_BAD_JSON: extensions.receipts.lists[0]: must be a string, not 7
        post {"extensions":{"receipts":{"enabled":true,"rooms":"a"}}}
            400 M_BAD_JSON: extensions.receipts.rooms: must be a list, not "a"
        post {"extensions":{"receipts":{"enabled":true,"rooms":{}}}}
            400 M_BAD_JSON: extensions.receipts.rooms: must be a list, not an object
        post {"extensions":{"receipts":{"enabled":true,"rooms":[7]}}}
            400 M_BAD_JSON: extensions.receipts.rooms[0]: must be a string, not 7
        post {"extensions":{"typing":{"enabled":true,"lists":"a"}}}
            400 M_BAD_JSON: extensions.typing.lists: must be a list, not "a"
        post {"extensions":{"typing":{"enabled":true,"lists":{}}}}
            400 M_BAD_JSON: extensions.typing.lists: must be a list, not an object
        post {"extensions":{"typing":{"enabled":true,"lists":[7]}}}
            400 M_BAD_JSON: extensions.typing.lists[0]: must be a string, not 7
        post {"extensions":{"typing":{"enabled":true,"rooms":"a"}}}
            400 M_BAD_JSON: extensions.typing.rooms: must be a list, not "a"
        post {"extensions":{"typing":{"enabled":true,"rooms":{}}}}
            400 M_BAD_JSON: extensions.typing.rooms: must be a list, not an object
        post {"extensions":{"typing":{"enabled":true,"rooms":[7]}}}
            400 M_BAD_JSON: extensions.typing.rooms[0]: must be a string, not 7
        post {"extensions":{"org.matrix.msc4538.to_device":{"enabled":true,"limit":"1"}}}
            400 M_BAD_JSON: extensions.org.matrix.msc4538.to_device.limit: must be an integer, not "1"
        post {"extensions":{"org.matrix.msc4538.to_device":{"enabled":true,"limit":0}}}
            400 M_INVALID_PARAM: extensions.org.matrix.msc4538.to_device.limit: must be at least 1, not 0
        post {"extensions":{"org.matrix.msc4538.to_device":{"enabled":true,"limit":-1}}}
            400 M_INVALID_PARAM: extensions.org.matrix.msc4538.to_device.limit: must be at least 1, not -1
        post {"extensions":{"org.matrix.msc4538.to_device":{"enabled":true,"limit":99999999999999999999}}}
            200
        post {"extensions":{"org.matrix.msc4538.to_device":{"enabled":true,"since":7}}}
            400 M_BAD_JSON: extensions.org.matrix.msc4538.to_device.since: must be a string, not 7
        post {"extensions":{"org.matrix.msc4538.to_device":{"enabled":true,"since":""}}}
            400 M_INVALID_PARAM: extensions.org.matrix.msc4538.to_device.since: must be an integer in a string, not ""
        post {"extensions":{"org.matrix.msc4538.to_device":{"enabled":true,"since":"x"}}}
            400 M_INVALID_PARAM: extensions.org.matrix.msc4538.to_device.since: must be an integer in a string, not "x"
        post {"extensions":{"org.matrix.msc4538.to_device":{"enabled":true,"since":"+7"}}}
            400 M_INVALID_PARAM: extensions.org.matrix.msc4538.to_device.since: must be an integer in a string, not "+7"
        post {"extensions":{"org.matrix.msc4538.to_device":{"enabled":true,"since":"-7"}}}
            400 M_INVALID_PARAM: extensions.org.matrix.msc4538.to_device.since: this token was not issued to this device
        post {"extensions":{"org.matrix.msc4538.to_device":{"enabled":true,"since":"99999999999999999999"}}}
            400 M_INVALID_PARAM: extensions.org.matrix.msc4538.to_device.since: this token was not issued to this device
    "#]]);
}

#[test]
fn the_connection_on_the_unstable_wire() {
    check_simplified(expect![[r#"
        v2: !a timeline m1
        post {"conn_id":7}
            400 M_BAD_JSON: conn_id: must be a string, not 7
        post {"conn_id":true}
            400 M_BAD_JSON: conn_id: must be a string, not true
        post {"conn_id":[]}
            400 M_BAD_JSON: conn_id: must be a string, not a list
        post {"conn_id":{}}
            400 M_BAD_JSON: conn_id: must be a string, not an object
        post {"conn_id":"<c*255>"}
            200
        post {"conn_id":"<c*256>"}
            400 M_BAD_JSON: conn_id: must be at most 255 bytes long, not a longer string
        post {"txn_id":7}
            400 M_BAD_JSON: txn_id: must be a string, not 7
        post {"txn_id":[]}
            400 M_BAD_JSON: txn_id: must be a string, not a list
        post {"txn_id":"<t*256>"}
            400 M_BAD_JSON: txn_id: must be at most 255 bytes long, not a longer string
        post ?pos=bogus {}
            400 M_UNKNOWN_POS: unknown pos: start the connection anew
        post ?pos= {}
            400 M_UNKNOWN_POS: unknown pos: start the connection anew
        post ?timeout=soon {}
            400 M_INVALID_PARAM: timeout: must be a number of milliseconds, at least 0, not soon
        post ?timeout=-5 {}
            400 M_INVALID_PARAM: timeout: must be a number of milliseconds, at least 0, not -5
        post ?timeout=1.5 {}
            400 M_INVALID_PARAM: timeout: must be a number of milliseconds, at least 0, not 1.5
        post ?timeout= {}
            400 M_INVALID_PARAM: timeout: must be a number of milliseconds, at least 0, not 
        post ?timeout=<9*50> {}
            400 M_INVALID_PARAM: timeout: must be a number of milliseconds, at least 0, not <9*50>
        post ?timeout=<x*50> {}
            400 M_INVALID_PARAM: timeout: must be a number of milliseconds, at least 0, not <x*50>
        post ?set_presence=busy {}
            400 M_INVALID_PARAM: set_presence: must be online, offline or unavailable, not busy
        post ?unknown=1 {}
            200
        post {"unsubscribe_rooms":7}
            400 M_BAD_JSON: unsubscribe_rooms: must be a list, not 7
        post {"unsubscribe_rooms":"!a:x"}
            400 M_BAD_JSON: unsubscribe_rooms: must be a list, not "!a:x"
        post {"unsubscribe_rooms":{}}
            400 M_BAD_JSON: unsubscribe_rooms: must be a list, not an object
        post {"unsubscribe_rooms":[7]}
            400 M_BAD_JSON: unsubscribe_rooms[0]: must be a string, not 7
        post {"unsubscribe_rooms":["nonsense"]}
            200
        post {"unknown":7}
            200
    "#]]);
}

#[test]
fn lists_on_the_unstable_wire() {
    check_simplified(expect![[r#"
        v2: !a timeline m1
        post {"lists":7}
            400 M_BAD_JSON: lists: must be an object, not 7
        post {"lists":true}
            400 M_BAD_JSON: lists: must be an object, not true
        post {"lists":"x"}
            400 M_BAD_JSON: lists: must be an object, not "x"
        post {"lists":[]}
            400 M_BAD_JSON: lists: must be an object, not a list
        post {"lists":{"a":7}}
            400 M_BAD_JSON: lists.a: must be an object, not 7
        post {"lists":{"a":true}}
            400 M_BAD_JSON: lists.a: must be an object, not true
        post {"lists":{"a":"x"}}
            400 M_BAD_JSON: lists.a: must be an object, not "x"
        post {"lists":{"a":[]}}
            400 M_BAD_JSON: lists.a: must be an object, not a list
        post {"lists":{"a":null}}
            400 M_BAD_JSON: lists.a: must be an object, not null
        post {"lists":{"a b":{"timeline_limit":1,"required_state":[]}}}
            200
        post {"lists":{"<k*64>":{"timeline_limit":1,"required_state":[]}}}
            200
        post {"lists":{"<k*65>":{"timeline_limit":1,"required_state":[]}}}
            400 M_BAD_JSON: lists.kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk…: must stand under a key of at most 64 bytes
        post {"lists":{"a":{}}}
            400 M_MISSING_PARAM: lists.a.timeline_limit: must be an integer, and is missing
        post {"lists":{"a":{"timeline_limit":1}}}
            400 M_MISSING_PARAM: lists.a.required_state: must be a list of pairs of strings, and is missing
        post {"lists":{"a":{"required_state":[]}}}
            400 M_MISSING_PARAM: lists.a.timeline_limit: must be an integer, and is missing
        post {"lists":{"a":{"timeline_limit":null,"required_state":[]}}}
            400 M_MISSING_PARAM: lists.a.timeline_limit: must be an integer, and is missing
        post {"lists":{"a":{"timeline_limit":"1","required_state":[]}}}
            400 M_BAD_JSON: lists.a.timeline_limit: must be an integer, not "1"
        post {"lists":{"a":{"timeline_limit":true,"required_state":[]}}}
            400 M_BAD_JSON: lists.a.timeline_limit: must be an integer, not true
        post {"lists":{"a":{"timeline_limit":[],"required_state":[]}}}
            400 M_BAD_JSON: lists.a.timeline_limit: must be an integer, not a list
        post {"lists":{"a":{"timeline_limit":{},"required_state":[]}}}
            400 M_BAD_JSON: lists.a.timeline_limit: must be an integer, not an object
        post {"lists":{"a":{"timeline_limit":1.5,"required_state":[]}}}
            400 M_BAD_JSON: lists.a.timeline_limit: must be an integer, not 1.5
        post {"lists":{"a":{"timeline_limit":-1,"required_state":[]}}}
            200
        post {"lists":{"a":{"timeline_limit":1000,"required_state":[]}}}
            200
        post {"lists":{"a":{"timeline_limit":1001,"required_state":[]}}}
            400 M_BAD_JSON: lists.a.timeline_limit: must be at most 1000, not 1001
        post {"lists":{"a":{"timeline_limit":99999999999999999999,"required_state":[]}}}
            400 M_BAD_JSON: lists.a.timeline_limit: must be at most 1000, not 99999999999999999999
        post {"lists":{"a":{"timeline_limit":-99999999999999999999,"required_state":[]}}}
            200
        post {"lists":{"a":{"timeline_limit":1,"required_state":7}}}
            400 M_BAD_JSON: lists.a.required_state: must be a list, not 7
        post {"lists":{"a":{"timeline_limit":1,"required_state":"x"}}}
            400 M_BAD_JSON: lists.a.required_state: must be a list, not "x"
        post {"lists":{"a":{"timeline_limit":1,"required_state":{}}}}
            400 M_BAD_JSON: lists.a.required_state: must be a list, not an object
        post {"lists":{"a":{"timeline_limit":1,"required_state":[7]}}}
            400 M_BAD_JSON: lists.a.required_state[0]: must be a pair of strings, not 7
        post {"lists":{"a":{"timeline_limit":1,"required_state":[["a"]]}}}
            400 M_BAD_JSON: lists.a.required_state[0]: must be a pair of strings, not a list of 1
        post {"lists":{"a":{"timeline_limit":1,"required_state":[["a","b","c"]]}}}
            400 M_BAD_JSON: lists.a.required_state[0]: must be a pair of strings, not a list of 3
        post {"lists":{"a":{"timeline_limit":1,"required_state":[["a",7]]}}}
            400 M_BAD_JSON: lists.a.required_state[0][1]: must be a string, not 7
        post {"lists":{"a":{"timeline_limit":1,"required_state":[[null,""]]}}}
            400 M_BAD_JSON: lists.a.required_state[0][0]: must be a string, not null
        post {"lists":{"a":{"timeline_limit":1,"required_state":[["<t*256>","<k*256>"]]}}}
            200
    "#]]);
}

#[test]
fn ranges_on_the_unstable_wire() {
    check_simplified(expect![[r#"
        v2: !a timeline m1
        post {"lists":{"a":{"timeline_limit":1,"required_state":[],"ranges":7}}}
            400 M_BAD_JSON: lists.a.ranges: must be a list, not 7
        post {"lists":{"a":{"timeline_limit":1,"required_state":[],"ranges":"0-9"}}}
            400 M_BAD_JSON: lists.a.ranges: must be a list, not "0-9"
        post {"lists":{"a":{"timeline_limit":1,"required_state":[],"ranges":{}}}}
            400 M_BAD_JSON: lists.a.ranges: must be a list, not an object
        post {"lists":{"a":{"timeline_limit":1,"required_state":[],"ranges":[0,1]}}}
            400 M_BAD_JSON: lists.a.ranges[0]: must be a pair of integers, not 0
        post {"lists":{"a":{"timeline_limit":1,"required_state":[],"ranges":[[0]]}}}
            400 M_BAD_JSON: lists.a.ranges[0]: must be a pair of integers, not a list of 1
        post {"lists":{"a":{"timeline_limit":1,"required_state":[],"ranges":[[0,1,2]]}}}
            400 M_BAD_JSON: lists.a.ranges[0]: must be a pair of integers, not a list of 3
        post {"lists":{"a":{"timeline_limit":1,"required_state":[],"ranges":[[0,"9"]]}}}
            400 M_BAD_JSON: lists.a.ranges[0][1]: must be an integer, not "9"
        post {"lists":{"a":{"timeline_limit":1,"required_state":[],"ranges":[[0.5,9]]}}}
            400 M_BAD_JSON: lists.a.ranges[0][0]: must be an integer, not 0.5
        post {"lists":{"a":{"timeline_limit":1,"required_state":[],"ranges":[[-1,9]]}}}
            400 M_BAD_JSON: lists.a.ranges[0][0]: must be at least 0, not -1
        post {"lists":{"a":{"timeline_limit":1,"required_state":[],"ranges":[[0,-9]]}}}
            400 M_BAD_JSON: lists.a.ranges[0][1]: must be at least 0, not -9
        post {"lists":{"a":{"timeline_limit":1,"required_state":[],"ranges":[[5,2]]}}}
            200
        post {"lists":{"a":{"timeline_limit":1,"required_state":[],"ranges":[[0,99999999999999999999]]}}}
            200
        post {"lists":{"a":{"timeline_limit":1,"required_state":[],"ranges":[<[0,1],*100>[0,1]]}}}
            400 M_BAD_JSON: lists.a.ranges: must have at most 100 elements, not 101
    "#]]);
}

#[test]
fn filters_on_the_unstable_wire() {
    check_simplified(expect![[r#"
        v2: !a timeline m1
        post {"lists":{"a":{"timeline_limit":1,"required_state":[],"filters":7}}}
            400 M_BAD_JSON: lists.a.filters: must be an object, not 7
        post {"lists":{"a":{"timeline_limit":1,"required_state":[],"filters":[]}}}
            400 M_BAD_JSON: lists.a.filters: must be an object, not a list
        post {"lists":{"a":{"timeline_limit":1,"required_state":[],"filters":"x"}}}
            400 M_BAD_JSON: lists.a.filters: must be an object, not "x"
        post {"lists":{"a":{"timeline_limit":1,"required_state":[],"filters":{"is_dm":1}}}}
            400 M_BAD_JSON: lists.a.filters.is_dm: must be true or false, not 1
        post {"lists":{"a":{"timeline_limit":1,"required_state":[],"filters":{"is_dm":"yes"}}}}
            400 M_BAD_JSON: lists.a.filters.is_dm: must be true or false, not "yes"
        post {"lists":{"a":{"timeline_limit":1,"required_state":[],"filters":{"is_encrypted":1}}}}
            400 M_BAD_JSON: lists.a.filters.is_encrypted: must be true or false, not 1
        post {"lists":{"a":{"timeline_limit":1,"required_state":[],"filters":{"is_encrypted":"yes"}}}}
            400 M_BAD_JSON: lists.a.filters.is_encrypted: must be true or false, not "yes"
        post {"lists":{"a":{"timeline_limit":1,"required_state":[],"filters":{"is_invite":1}}}}
            400 M_BAD_JSON: lists.a.filters.is_invite: must be true or false, not 1
        post {"lists":{"a":{"timeline_limit":1,"required_state":[],"filters":{"is_invite":"yes"}}}}
            400 M_BAD_JSON: lists.a.filters.is_invite: must be true or false, not "yes"
        post {"lists":{"a":{"timeline_limit":1,"required_state":[],"filters":{"sash.unread":1}}}}
            400 M_BAD_JSON: lists.a.filters.sash.unread: must be true or false, not 1
        post {"lists":{"a":{"timeline_limit":1,"required_state":[],"filters":{"sash.unread":"yes"}}}}
            400 M_BAD_JSON: lists.a.filters.sash.unread: must be true or false, not "yes"
        post {"lists":{"a":{"timeline_limit":1,"required_state":[],"filters":{"spaces":"x"}}}}
            400 M_BAD_JSON: lists.a.filters.spaces: must be a list, not "x"
        post {"lists":{"a":{"timeline_limit":1,"required_state":[],"filters":{"spaces":{}}}}}
            400 M_BAD_JSON: lists.a.filters.spaces: must be a list, not an object
        post {"lists":{"a":{"timeline_limit":1,"required_state":[],"filters":{"spaces":[7]}}}}
            400 M_BAD_JSON: lists.a.filters.spaces[0]: must be a string, not 7
        post {"lists":{"a":{"timeline_limit":1,"required_state":[],"filters":{"spaces":["x",null]}}}}
            400 M_BAD_JSON: lists.a.filters.spaces[1]: must be a string, not null
        post {"lists":{"a":{"timeline_limit":1,"required_state":[],"filters":{"tags":"x"}}}}
            400 M_BAD_JSON: lists.a.filters.tags: must be a list, not "x"
        post {"lists":{"a":{"timeline_limit":1,"required_state":[],"filters":{"tags":{}}}}}
            400 M_BAD_JSON: lists.a.filters.tags: must be a list, not an object
        post {"lists":{"a":{"timeline_limit":1,"required_state":[],"filters":{"tags":[7]}}}}
            400 M_BAD_JSON: lists.a.filters.tags[0]: must be a string, not 7
        post {"lists":{"a":{"timeline_limit":1,"required_state":[],"filters":{"tags":["x",null]}}}}
            400 M_BAD_JSON: lists.a.filters.tags[1]: must be a string, not null
        post {"lists":{"a":{"timeline_limit":1,"required_state":[],"filters":{"not_tags":"x"}}}}
            400 M_BAD_JSON: lists.a.filters.not_tags: must be a list, not "x"
        post {"lists":{"a":{"timeline_limit":1,"required_state":[],"filters":{"not_tags":{}}}}}
            400 M_BAD_JSON: lists.a.filters.not_tags: must be a list, not an object
        post {"lists":{"a":{"timeline_limit":1,"required_state":[],"filters":{"not_tags":[7]}}}}
            400 M_BAD_JSON: lists.a.filters.not_tags[0]: must be a string, not 7
        post {"lists":{"a":{"timeline_limit":1,"required_state":[],"filters":{"not_tags":["x",null]}}}}
            400 M_BAD_JSON: lists.a.filters.not_tags[1]: must be a string, not null
        post {"lists":{"a":{"timeline_limit":1,"required_state":[],"filters":{"room_types":"x"}}}}
            400 M_BAD_JSON: lists.a.filters.room_types: must be a list, not "x"
        post {"lists":{"a":{"timeline_limit":1,"required_state":[],"filters":{"room_types":{}}}}}
            400 M_BAD_JSON: lists.a.filters.room_types: must be a list, not an object
        post {"lists":{"a":{"timeline_limit":1,"required_state":[],"filters":{"room_types":[7]}}}}
            400 M_BAD_JSON: lists.a.filters.room_types[0]: must be a string or null, not 7
        post {"lists":{"a":{"timeline_limit":1,"required_state":[],"filters":{"room_types":["m.space",null]}}}}
            200
        post {"lists":{"a":{"timeline_limit":1,"required_state":[],"filters":{"not_room_types":"x"}}}}
            400 M_BAD_JSON: lists.a.filters.not_room_types: must be a list, not "x"
        post {"lists":{"a":{"timeline_limit":1,"required_state":[],"filters":{"not_room_types":{}}}}}
            400 M_BAD_JSON: lists.a.filters.not_room_types: must be a list, not an object
        post {"lists":{"a":{"timeline_limit":1,"required_state":[],"filters":{"not_room_types":[7]}}}}
            400 M_BAD_JSON: lists.a.filters.not_room_types[0]: must be a string or null, not 7
        post {"lists":{"a":{"timeline_limit":1,"required_state":[],"filters":{"not_room_types":["m.space",null]}}}}
            200
    "#]]);
}

#[test]
fn subscriptions_on_the_unstable_wire() {
    check_simplified(expect![[r#"
        v2: !a timeline m1
        post {"room_subscriptions":7}
            400 M_BAD_JSON: room_subscriptions: must be an object, not 7
        post {"room_subscriptions":"x"}
            400 M_BAD_JSON: room_subscriptions: must be an object, not "x"
        post {"room_subscriptions":[]}
            400 M_BAD_JSON: room_subscriptions: must be an object, not a list
        post {"room_subscriptions":{"!a:x":7}}
            400 M_BAD_JSON: room_subscriptions.!a:x: must be an object, not 7
        post {"room_subscriptions":{"!a:x":[]}}
            400 M_BAD_JSON: room_subscriptions.!a:x: must be an object, not a list
        post {"room_subscriptions":{"!a:x":null}}
            400 M_BAD_JSON: room_subscriptions.!a:x: must be an object, not null
        post {"room_subscriptions":{"!a:x":{}}}
            400 M_MISSING_PARAM: room_subscriptions.!a:x.timeline_limit: must be an integer, and is missing
        post {"room_subscriptions":{"!a:x":{"timeline_limit":1}}}
            400 M_MISSING_PARAM: room_subscriptions.!a:x.required_state: must be a list of pairs of strings, and is missing
        post {"room_subscriptions":{"!a:x":{"timeline_limit":-1,"required_state":[]}}}
            200
        post {"room_subscriptions":{"nonsense":{"timeline_limit":1,"required_state":[]}}}
            200
    "#]]);
}

#[test]
fn extensions_on_the_unstable_wire() {
    check_simplified(expect![[r#"
        v2: !a timeline m1
        post {"extensions":7}
            400 M_BAD_JSON: extensions: must be an object, not 7
        post {"extensions":"x"}
            400 M_BAD_JSON: extensions: must be an object, not "x"
        post {"extensions":[]}
            400 M_BAD_JSON: extensions: must be an object, not a list
        post {"extensions":{"to_device":7}}
            400 M_BAD_JSON: extensions.to_device: must be an object, not 7
        post {"extensions":{"to_device":[]}}
            400 M_BAD_JSON: extensions.to_device: must be an object, not a list
        post {"extensions":{"to_device":{"enabled":1}}}
            400 M_BAD_JSON: extensions.to_device.enabled: must be true or false, not 1
        post {"extensions":{"e2ee":7}}
            400 M_BAD_JSON: extensions.e2ee: must be an object, not 7
        post {"extensions":{"e2ee":[]}}
            400 M_BAD_JSON: extensions.e2ee: must be an object, not a list
        post {"extensions":{"e2ee":{"enabled":1}}}
            400 M_BAD_JSON: extensions.e2ee.enabled: must be true or false, not 1
        post {"extensions":{"account_data":7}}
            400 M_BAD_JSON: extensions.account_data: must be an object, not 7
        post {"extensions":{"account_data":[]}}
            400 M_BAD_JSON: extensions.account_data: must be an object, not a list
        post {"extensions":{"account_data":{"enabled":1}}}
            400 M_BAD_JSON: extensions.account_data.enabled: must be true or false, not 1
        post {"extensions":{"receipts":7}}
            400 M_BAD_JSON: extensions.receipts: must be an object, not 7
        post {"extensions":{"receipts":[]}}
            400 M_BAD_JSON: extensions.receipts: must be an object, not a list
        post {"extensions":{"receipts":{"enabled":1}}}
            400 M_BAD_JSON: extensions.receipts.enabled: must be true or false, not 1
        post {"extensions":{"typing":7}}
            400 M_BAD_JSON: extensions.typing: must be an object, not 7
        post {"extensions":{"typing":[]}}
            400 M_BAD_JSON: extensions.typing: must be an object, not a list
        post {"extensions":{"typing":{"enabled":1}}}
            400 M_BAD_JSON: extensions.typing.enabled: must be true or false, not 1
        post {"extensions":{"presence":7}}
            400 M_BAD_JSON: extensions.presence: must be an object, not 7
        post {"extensions":{"presence":[]}}
            400 M_BAD_JSON: extensions.presence: must be an object, not a list
        post {"extensions":{"presence":{"enabled":1}}}
            400 M_BAD_JSON: extensions.presence.enabled: must be true or false, not 1
        post {"extensions":{"unknown":7}}
            200
    "#]]);
}

#[test]
fn extension_scopes_and_parameters_on_the_unstable_wire() {
    check_simplified(expect![[r#"
        v2: !a timeline m1
        post {"extensions":{"account_data":{"enabled":true,"lists":"a"}}}
            400 M_BAD_JSON: extensions.account_data.lists: must be a list, not "a"
        post {"extensions":{"account_data":{"enabled":true,"lists":{}}}}
            400 M_BAD_JSON: extensions.account_data.lists: must be a list, not an object
        post {"extensions":{"account_data":{"enabled":true,"lists":[7]}}}
            400 M_BAD_JSON: extensions.account_data.lists[0]: must be a string, not 7
        post {"extensions":{"account_data":{"enabled":true,"rooms":"a"}}}
            400 M_BAD_JSON: extensions.account_data.rooms: must be a list, not "a"
        post {"extensions":{"account_data":{"enabled":true,"rooms":{}}}}
            400 M_BAD_JSON: extensions.account_data.rooms: must be a list, not an object
        post {"extensions":{"account_data":{"enabled":true,"rooms":[7]}}}
            400 M_BAD_JSON: extensions.account_data.rooms[0]: must be a string, not 7
        post {"extensions":{"receipts":{"enabled":true,"lists":"a"}}}
            400 M_BAD_JSON: extensions.receipts.lists: must be a list, not "a"
        post {"extensions":{"receipts":{"enabled":true,"lists":{}}}}
            400 M_BAD_JSON: extensions.receipts.lists: must be a list, not an object
        post {"extensions":{"receipts":{"enabled":true,"lists":[7]}}}
            400 M_BAD_JSON: extensions.receipts.lists[0]: must be a string, not 7
        post {"extensions":{"receipts":{"enabled":true,"rooms":"a"}}}
            400 M_BAD_JSON: extensions.receipts.rooms: must be a list, not "a"
        post {"extensions":{"receipts":{"enabled":true,"rooms":{}}}}
            400 M_BAD_JSON: extensions.receipts.rooms: must be a list, not an object
        post {"extensions":{"receipts":{"enabled":true,"rooms":[7]}}}
            400 M_BAD_JSON: extensions.receipts.rooms[0]: must be a string, not 7
        post {"extensions":{"typing":{"enabled":true,"lists":"a"}}}
            400 M_BAD_JSON: extensions.typing.lists: must be a list, not "a"
        post {"extensions":{"typing":{"enabled":true,"lists":{}}}}
            400 M_BAD_JSON: extensions.typing.lists: must be a list, not an object
        post {"extensions":{"typing":{"enabled":true,"lists":[7]}}}
            400 M_BAD_JSON: extensions.typing.lists[0]: must be a string, not 7
        post {"extensions":{"typing":{"enabled":true,"rooms":"a"}}}
            400 M_BAD_JSON: extensions.typing.rooms: must be a list, not "a"
        post {"extensions":{"typing":{"enabled":true,"rooms":{}}}}
            400 M_BAD_JSON: extensions.typing.rooms: must be a list, not an object
        post {"extensions":{"typing":{"enabled":true,"rooms":[7]}}}
            400 M_BAD_JSON: extensions.typing.rooms[0]: must be a string, not 7
        post {"extensions":{"to_device":{"enabled":true,"limit":"1"}}}
            400 M_BAD_JSON: extensions.to_device.limit: must be an integer, not "1"
        post {"extensions":{"to_device":{"enabled":true,"limit":0}}}
            200
        post {"extensions":{"to_device":{"enabled":true,"limit":-1}}}
            200
        post {"extensions":{"to_device":{"enabled":true,"limit":99999999999999999999}}}
            200
        post {"extensions":{"to_device":{"enabled":true,"since":7}}}
            400 M_BAD_JSON: extensions.to_device.since: must be a string, not 7
        post {"extensions":{"to_device":{"enabled":true,"since":""}}}
            400 M_INVALID_PARAM: extensions.to_device.since: must be an integer in a string, not ""
        post {"extensions":{"to_device":{"enabled":true,"since":"x"}}}
            400 M_INVALID_PARAM: extensions.to_device.since: must be an integer in a string, not "x"
        post {"extensions":{"to_device":{"enabled":true,"since":"+7"}}}
            400 M_INVALID_PARAM: extensions.to_device.since: must be an integer in a string, not "+7"
        post {"extensions":{"to_device":{"enabled":true,"since":"-7"}}}
            200
        post {"extensions":{"to_device":{"enabled":true,"since":"99999999999999999999"}}}
            200
    "#]]);
}
