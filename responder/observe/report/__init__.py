"""What a judged run says, for people and for programs: one file a form, all of them made of a `result.Report`."""
