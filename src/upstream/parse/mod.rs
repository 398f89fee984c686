//! placeholder
use ruma::OwnedRoomId;
pub fn joined_rooms(_: &[u8]) -> Result<Vec<OwnedRoomId>, serde_json::Error> {
    Ok(vec![])
}
pub fn notifications(_: &[u8]) -> Result<Vec<OwnedRoomId>, serde_json::Error> {
    Ok(vec![])
}
pub fn versions(_: &[u8]) -> Result<Vec<String>, serde_json::Error> {
    Ok(vec![])
}
