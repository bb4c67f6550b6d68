/// Where the compiler reads files: the only thing it knows of its surroundings.
pub trait World {
    /// The text of the file at `path`.
    ///
    /// # Errors
    /// Why it cannot be read, as a sentence for the user.
    fn read(&self, path: &str) -> Result<String, String>;

    /// The bytes of the file at `path`, which need be no text.
    ///
    /// # Errors
    /// Why it cannot be read, as a sentence for the user.
    fn bytes(&self, path: &str) -> Result<Vec<u8>, String> {
        self.read(path).map(String::into_bytes)
    }

    /// What lies in `folder`, in any order; the empty path is the folder that all paths begin in.
    ///
    /// # Errors
    /// Why it cannot be listed, as a sentence for the user.
    fn list(&self, folder: &str) -> Result<Vec<Entry>, String> {
        Err(format!("`{folder}` cannot be listed here"))
    }

    /// Nobody waits for what is compiled any more: what is made of it from here on may be nothing.
    fn cancelled(&self) -> bool {
        false
    }
}

/// A file or folder in a folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// Its name, without the folder.
    pub name: String,
    /// It is a folder.
    pub folder: bool,
}
