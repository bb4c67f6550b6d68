/// Where the compiler reads files: the only thing it knows of its surroundings.
pub trait World {
    /// The text of the file at `path`.
    ///
    /// # Errors
    /// Why it cannot be read, as a sentence for the user.
    fn read(&self, path: &str) -> Result<String, String>;
}
