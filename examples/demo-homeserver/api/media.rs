//! Avatars: drawn, not stored. Any media id of this server is a picture of one colour with a letter.

use super::super::{
    error::ApiError,
    http::{Answer, Reply},
};

pub fn get(segments: &[&str]) -> Answer {
    let segments = segments.strip_prefix(&["media"]).unwrap_or(segments);
    match segments {
        ["config"] => Ok(Reply::raw(200, r#"{"m.upload.size":52428800}"#)),
        ["download" | "thumbnail", _server, id, ..] => Ok(avatar(id)),
        _ => Err(ApiError::not_found("Not found")),
    }
}

/// Draws `av-<name>`; the name decides letter and colour.
fn avatar(id: &str) -> Reply {
    let name = id.strip_prefix("av-").unwrap_or(id);
    let letter = name.chars().find(|letter| letter.is_alphanumeric()).map_or('?', |letter| letter.to_ascii_uppercase());
    let hue = name.bytes().fold(7u32, |hash, byte| hash.wrapping_mul(31).wrapping_add(u32::from(byte))) % 360;
    let picture = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"96\" height=\"96\"><rect width=\"96\" height=\"96\" fill=\"hsl({hue},45%,48%)\"/>\
         <text x=\"48\" y=\"64\" font-family=\"sans-serif\" font-size=\"46\" fill=\"#fff\" text-anchor=\"middle\">{letter}</text></svg>"
    );
    Reply { content_type: "image/svg+xml", ..Reply::raw(200, picture) }
}
