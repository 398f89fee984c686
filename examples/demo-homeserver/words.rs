//! Words of which names, topics and messages are made.

pub const FIRST_NAMES: [&str; 60] = [
    "Ada", "Amir", "Anouk", "Asha", "Beatriz", "Bilal", "Bruno", "Camille", "Chen", "Chiara", "Dalia", "Daniel", "Ebba", "Elif", "Emeka", "Enzo", "Farah",
    "Felix", "Freya", "Gabriel", "Giulia", "Hana", "Henrik", "Ines", "Ivan", "Jana", "Jonas", "Kaito", "Katja", "Lars", "Leila", "Linh", "Lucas", "Mads",
    "Maren", "Mateo", "Mei", "Milan", "Nadia", "Nils", "Noor", "Olga", "Omar", "Paula", "Pavel", "Priya", "Rafael", "Rosa", "Ruth", "Samir", "Sofia", "Sven",
    "Tariq", "Tomas", "Ulla", "Vera", "Wanda", "Yara", "Yusuf", "Zoe",
];

pub const LAST_NAMES: [&str; 60] = [
    "Almeida", "Andersen", "Aydin", "Bauer", "Becker", "Bergman", "Bianchi", "Boateng", "Carvalho", "Castro", "Cohen", "Costa", "Dubois", "Eriksen", "Fischer",
    "Fontaine", "Garcia", "Haas", "Haddad", "Hansen", "Horvat", "Ivanova", "Jansen", "Johansson", "Kaya", "Khan", "Kimura", "Klein", "Kowalski", "Kruger",
    "Laurent", "Lindgren", "Lopez", "Marino", "Martins", "Meyer", "Moreau", "Mueller", "Nakamura", "Nguyen", "Novak", "Okafor", "Olsen", "Ortega", "Patel",
    "Petrov", "Popescu", "Ricci", "Rossi", "Santos", "Sato", "Schmidt", "Silva", "Singh", "Sorensen", "Tanaka", "Torres", "Vogel", "Weber", "Yilmaz",
];

pub const TEAMS: [&str; 24] = [
    "Platform", "Mobile", "Web", "Design", "Support", "Sales", "Marketing", "Finance", "Legal", "People", "Security", "Data", "Research", "Infrastructure",
    "Docs", "Community", "Hardware", "Payments", "Search", "Growth", "Release", "Quality", "Backend", "Accessibility",
];

pub const SUBJECTS: [&str; 30] = [
    "standup", "planning", "retro", "on-call", "incidents", "reviews", "hiring", "roadmap", "announcements", "random", "lunch", "travel", "budget", "launch",
    "feedback", "metrics", "migration", "onboarding", "architecture", "alerts", "offsite", "ideas", "demos", "bugs", "pairing", "translations", "partners",
    "customers", "questions", "newsletter",
];

pub const CLUBS: [&str; 30] = [
    "Rust", "Gardening", "Climbing", "Photography", "Chess", "Sourdough", "Cycling", "Astronomy", "Jazz", "Board games", "Trail running", "Film", "Synthesizers",
    "Home automation", "Mechanical keyboards", "Birdwatching", "Coffee", "Languages", "Typography", "Vintage computers", "Sailing", "Knitting", "Science fiction",
    "Radio", "3D printing", "Trains", "Pottery", "Open data", "Self-hosting", "Matrix",
];

pub const CITIES: [&str; 20] = [
    "Lisbon", "Berlin", "Oslo", "Kyoto", "Nairobi", "Porto", "Utrecht", "Montreal", "Helsinki", "Valencia", "Ghent", "Krakow", "Lyon", "Bologna", "Tallinn",
    "Graz", "Bergen", "Leeds", "Zagreb", "Malmo",
];

pub const CLUB_SUFFIXES: [&str; 8] = ["", " club", " friends", " beginners", " help", " off-topic", " meetup", " marketplace"];

pub const OPENINGS: [&str; 30] = [
    "Has anyone looked at", "I just pushed a fix for", "Can we talk about", "Quick question about", "Nice work on", "I have a draft of", "Who owns",
    "Tomorrow I want to finish", "We should write down", "I am stuck on", "Here are the notes on", "Let us postpone", "The customer asked about",
    "I am not sure about", "Please have a look at", "Good news about", "There is a new version of", "I have tested", "We need to decide on", "Thanks for",
    "Still waiting for", "I would love to see", "Small update on", "It turned out to be", "Let us keep an eye on", "I opened a ticket for",
    "Do we have numbers for", "Could someone review", "I moved the meeting about", "My favourite part is",
];

pub const MIDDLES: [&str; 30] = [
    "the login page", "the release notes", "the new index", "that flaky test", "the room list", "our budget", "the train tickets", "the slow query",
    "the photos from Saturday", "the offline mode", "the invitation", "the second draft", "the backup job", "the conference talk", "the dark theme",
    "the memory graph", "the shopping list", "the keyboard shortcuts", "the translation", "the sync loop", "the poster", "the coffee machine", "the schema",
    "the error page", "the garden", "the playlist", "the certificate", "the onboarding guide", "the search results", "the recipe",
];

pub const ENDINGS: [&str; 24] = [
    ".", ".", ".", "?", "?", "!", " before Friday.", " when you have a minute.", ", it looks great.", ", what do you think?", " again :)", " next week.",
    ", no hurry.", " - details in the document.", ", I will take it.", " on the staging server.", ", see the thread above.", " after lunch?", " 👍", " 🎉",
    ", as discussed.", " and the rest is done.", ", finally!", ", any ideas?",
];

pub const SHORT_MESSAGES: [&str; 24] = [
    "ok", "Thanks!", "sounds good", "on it", "yes", "no idea, sorry", "👍", "haha", "see you there", "done", "good morning", "brb", "+1", "same here",
    "I agree", "let me check", "call?", "perfect", "sure", "one sec", "nice!", "hmm", "will do", "🎉",
];

pub const REACTIONS: [&str; 6] = ["👍", "❤️", "😂", "🎉", "👀", "🚀"];
