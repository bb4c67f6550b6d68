use crate::diag::Code;
/// Pages.
pub fn page(_code: &Code) -> Option<&'static str> { None }
