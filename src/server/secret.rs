//! What stored tokens are encrypted under: given by the administrator, or generated once into a file beside the database.

use std::{
    fs::{self, OpenOptions},
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
};

use super::config::Secret;
use crate::platform::Random;

/// Returns where the generated secret of a database lies.
pub fn path(database: &Path) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push(".secret");
    PathBuf::from(path)
}

/// Reads the secret file, or makes it, readable by its owner only.
pub fn load_or_generate(path: &Path, random: &dyn Random) -> io::Result<Secret> {
    match fs::read_to_string(path) {
        Ok(text) if text.trim().is_empty() => {
            Err(io::Error::new(ErrorKind::InvalidData, "the file is empty; delete it to have a new secret"))
        }
        Ok(text) => Ok(Secret(text.trim().to_owned())),
        Err(error) if error.kind() == ErrorKind::NotFound => generate(path, random),
        Err(error) => Err(error),
    }
}

fn generate(path: &Path, random: &dyn Random) -> io::Result<Secret> {
    let secret: String = (0..4).map(|_| format!("{:016x}", random.bits())).collect();
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(format!("{secret}\n").as_bytes())?;
    // Tokens are encrypted under it from now on: it must not be the one that a power loss takes.
    file.sync_all()?;
    Ok(Secret(secret))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::SystemRandom;

    #[test]
    fn a_secret_is_generated_once_and_private() {
        let folder = tempfile::tempdir().unwrap();
        let file = path(&folder.path().join("sash.sqlite"));
        let first = load_or_generate(&file, &SystemRandom).unwrap();
        assert_eq!(first.0.len(), 64);
        assert_eq!(load_or_generate(&file, &SystemRandom).unwrap(), first);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn an_empty_file_is_not_taken_for_a_secret() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        fs::write(&file, "\n").unwrap();
        assert!(load_or_generate(&file, &SystemRandom).is_err());
    }
}
