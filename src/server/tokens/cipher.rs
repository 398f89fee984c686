//! XChaCha20-Poly1305 under a key derived from the server's secret, with user and device bound in.

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use sha2::{Digest, Sha256};

use crate::{
    platform::Random,
    server::{
        config::Secret,
        identity::{Identity, Token},
    },
};

/// Tells this use of the secret from any other, and this format from a later one.
const CONTEXT: &[u8] = b"sash access token v1\0";

const NONCE: usize = 24;

/// Encrypts and decrypts tokens.
#[derive(Clone)]
pub struct Cipher(XChaCha20Poly1305);

/// An encrypted token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// Never used twice.
    pub nonce: [u8; NONCE],
    /// The token and its authentication tag.
    pub ciphertext: Vec<u8>,
}

impl Cipher {
    /// Derives the key.
    pub fn new(secret: &Secret) -> Cipher {
        let key = Sha256::new().chain_update(CONTEXT).chain_update(secret.0.as_bytes()).finalize();
        Cipher(XChaCha20Poly1305::new(&key))
    }

    /// Encrypts a token for its owner.
    pub fn seal(&self, identity: &Identity, token: &Token, random: &dyn Random) -> Sealed {
        let mut nonce = [0; NONCE];
        nonce.chunks_exact_mut(8).for_each(|chunk| chunk.copy_from_slice(&random.bits().to_le_bytes()));
        let binding = binding(identity);
        let payload = Payload { msg: token.secret().as_bytes(), aad: &binding };
        let ciphertext = self.0.encrypt(XNonce::from_slice(&nonce), payload);
        // It fails for messages of some 256 GB only.
        Sealed { nonce, ciphertext: ciphertext.unwrap_or_default() }
    }

    /// Decrypts what was encrypted for this owner under this secret; `None` for anything else.
    pub fn open(&self, identity: &Identity, sealed: &Sealed) -> Option<Token> {
        let binding = binding(identity);
        let payload = Payload { msg: &sealed.ciphertext, aad: &binding };
        let token = self.0.decrypt(XNonce::from_slice(&sealed.nonce), payload).ok()?;
        String::from_utf8(token).ok().map(Token::new)
    }
}

/// User and device, told apart by the user's length: neither can run over into the other.
fn binding(identity: &Identity) -> Vec<u8> {
    let user = identity.user.as_bytes();
    let mut binding = (user.len() as u64).to_le_bytes().to_vec();
    binding.extend_from_slice(user);
    binding.extend_from_slice(identity.device.as_bytes());
    binding
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        platform::SystemRandom,
        server::fuzzing::{harness::fuzz, inputs::texts},
    };

    fn identity(user: &str, device: &str) -> Identity {
        Identity { user: user.try_into().unwrap(), device: device.into() }
    }

    fn cipher(secret: &str) -> Cipher {
        Cipher::new(&Secret(secret.to_owned()))
    }

    fn sealed() -> Sealed {
        let token = Token::new("syt_sesame".to_owned());
        cipher("secret").seal(&identity("@alice:example.org", "PHONE"), &token, &SystemRandom)
    }

    #[test]
    fn the_owner_gets_back_what_was_sealed() {
        let opened = cipher("secret").open(&identity("@alice:example.org", "PHONE"), &sealed());
        assert_eq!(opened, Some(Token::new("syt_sesame".to_owned())));
    }

    #[test]
    fn another_user_device_secret_or_byte_opens_nothing() {
        let sealed = sealed();
        let alice = identity("@alice:example.org", "PHONE");
        assert_eq!(cipher("secret").open(&identity("@mallory:example.org", "PHONE"), &sealed), None);
        assert_eq!(cipher("secret").open(&identity("@alice:example.org", "LAPTOP"), &sealed), None);
        assert_eq!(cipher("secret").open(&identity("@alice:example.orgP", "HONE"), &sealed), None);
        assert_eq!(cipher("other").open(&alice, &sealed), None);
        let mut changed = sealed.clone();
        changed.ciphertext[0] ^= 1;
        assert_eq!(cipher("secret").open(&alice, &changed), None);
        assert_eq!(cipher("secret").open(&alice, &Sealed { ciphertext: Vec::new(), ..sealed }), None);
    }

    #[test]
    fn the_same_token_never_looks_the_same() {
        assert_ne!(sealed(), sealed());
        assert!(!sealed().ciphertext.windows(6).any(|bytes| bytes == b"sesame"));
    }

    #[test]
    fn nothing_but_what_was_sealed_opens() {
        const TOKENS: &[&str] = &["syt_bWU_abcdefghijklmnop_0x1y2z", "", "\u{0}"];
        let (cipher, owner) = (cipher("sesame"), identity("@a:b", "D"));
        fuzz("cipher", &texts(TOKENS), |input| {
            let garbage = Sealed { nonce: [7; NONCE], ciphertext: input.to_vec() };
            assert!(cipher.open(&owner, &garbage).is_none());
            let Ok(text) = std::str::from_utf8(input) else { return };
            let token = Token::new(text.to_owned());
            let sealed = cipher.seal(&owner, &token, &SystemRandom);
            assert_eq!(cipher.open(&owner, &sealed).as_ref().map(Token::secret), Some(text));
            for index in 0..sealed.ciphertext.len() {
                let mut changed = sealed.clone();
                changed.ciphertext[index] ^= 1;
                assert!(cipher.open(&owner, &changed).is_none(), "byte {index} may be changed");
            }
        });
    }
}
