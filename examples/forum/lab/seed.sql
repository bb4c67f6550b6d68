-- The password is the lab's own: nothing outside of it can reach this machine.
CREATE DATABASE IF NOT EXISTS forum CHARACTER SET utf8mb4;
CREATE USER IF NOT EXISTS 'forum'@'%' IDENTIFIED BY 'forum';
GRANT ALL ON forum.* TO 'forum'@'%';
CREATE TABLE IF NOT EXISTS forum.posts (
    id INT AUTO_INCREMENT PRIMARY KEY,
    author VARCHAR(64) NOT NULL,
    text VARCHAR(1024) NOT NULL
);
INSERT IGNORE INTO forum.posts (id, author, text) VALUES
    (1, 'ada', 'Is anybody still running this on virtual machines?'),
    (2, 'grace', 'Three of them, and the database is the fourth.'),
    (3, 'linus', 'And the web front runs as pods. Same mesh.');
