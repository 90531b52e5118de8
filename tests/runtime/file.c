/* Files that are written whole or not at all. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "helper_data.h"

static nnrt_failure failure;

static bool write_text(const char *path, const char *text) {
  nnrt_output out;
  if (!nnrt_output_open(&out, path, &failure)) return false;
  fputs(text, out.stream);
  return nnrt_output_finish(&out, &failure);
}

static void expect_content(const char *path, const char *text) {
  nnrt_contents contents;
  cr_assert(nnrt_file_read(path, &contents, &failure), "%s", failure.line);
  cr_expect_str_eq((const char *)contents.bytes, text);
  nnrt_file_free(&contents);
}

static int files_in_folder(void) {
  DIR *folder = opendir(helper_path(""));
  int count = 0;
  for (struct dirent *entry; (entry = readdir(folder));)
    count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
  closedir(folder);
  return count;
}

Test(file, replaces_and_leaves_nothing_beside) {
  const char *path = helper_path("a.txt");
  cr_assert(write_text(path, "one"));
  expect_content(path, "one");
  cr_assert(write_text(path, "two"));
  expect_content(path, "two");
  cr_expect_eq(files_in_folder(), 1);
  helper_expect_no_leak();
}

Test(file, in_the_current_folder) {
  cr_assert_eq(chdir(helper_path("")), 0);
  cr_assert(write_text("a.txt", "one"), "%s", failure.line);
  cr_assert(write_text("a.txt", "two"), "%s", failure.line);
  expect_content("a.txt", "two");
  cr_expect_eq(files_in_folder(), 1);
}

Test(file, permissions_and_links_stay) {
  struct stat status;
  const char *path = helper_text_file("a.txt", "one"), *link = helper_path("link");
  cr_assert_eq(chmod(path, 0640), 0);
  cr_assert_eq(symlink("a.txt", link), 0);
  cr_assert(write_text(link, "two"));
  cr_assert_eq(lstat(link, &status), 0);
  cr_expect(S_ISLNK(status.st_mode));
  cr_assert_eq(stat(path, &status), 0);
  cr_expect_eq(status.st_mode & 0777, 0640);
  expect_content(path, "two");
}

Test(file, abandoned_files_leave_the_old_one) {
  const char *path = helper_text_file("a.txt", "one");
  nnrt_output out;
  cr_assert(nnrt_output_open(&out, path, &failure));
  fputs("two", out.stream);
  nnrt_output_abandon(&out);
  expect_content(path, "one");
  cr_expect_eq(files_in_folder(), 1);
  helper_expect_no_leak();
}

Test(file, a_full_disk_leaves_the_old_one) {
  const char *path = helper_text_file("a.txt", "one");
  struct rlimit limit = {1000, 1000};
  signal(SIGXFSZ, SIG_IGN);
  cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
  char text[4000];
  memset(text, 'x', sizeof text - 1);
  text[sizeof text - 1] = 0;
  cr_expect_not(write_text(path, text));
  cr_expect(strstr(failure.line, "a.txt: cannot write: File too large; the file is as it was"),
            "%s", failure.line);
  expect_content(path, "one");
  cr_expect_eq(files_in_folder(), 1);
}

Test(file, what_is_no_regular_file_is_written_directly) {
  cr_expect(write_text("/dev/null", "one"));
  cr_expect_not(write_text("/dev/full", "one"));
  cr_expect_str_eq(failure.line, "/dev/full: cannot write: No space left on device");
}

Test(file, places_that_cannot_be_written) {
  cr_expect_not(write_text(helper_path("no/such/folder"), "one"));
  cr_expect(strstr(failure.line, "its folder does not exist; make it first"), "%s", failure.line);
  cr_expect_not(write_text(helper_path(""), "one"));
  cr_expect(strstr(failure.line, "is a directory; give the name of a file"), "%s", failure.line);
  cr_expect_not(write_text("", "one"));
  cr_expect_str_eq(failure.line, "cannot write to a file without a name");
  helper_expect_no_leak();
}

Test(file, names_as_long_as_the_system_takes) {
  char name[256];
  memset(name, 'a', 255);
  name[255] = 0;
  cr_assert_eq(chdir(helper_path("")), 0);
  cr_expect(write_text(name, "one"), "%s", failure.line);
  expect_content(name, "one");
}

Test(file, messages_stay_one_printable_line) {
  char longer[3000];
  memset(longer, 'x', sizeof longer - 1);
  longer[sizeof longer - 1] = 0;
  nnrt_fail(&failure, "%s", longer);
  cr_expect_eq(strlen(failure.line), NNRT_FAILURE_BYTES - 1);
  cr_expect_str_eq(failure.line + NNRT_FAILURE_BYTES - 5, "x...");
  nnrt_fail(&failure, "a\nb\tc\x7f \xC3\xA4 \xE2\x82\xAC \xF0\x9F\x98\x80 \xC0\x80 \xC2\x9B \xE4");
  cr_expect_str_eq(failure.line, "a?b?c? \xC3\xA4 \xE2\x82\xAC \xF0\x9F\x98\x80 ?? ?? ?");
}
