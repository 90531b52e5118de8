/* file: texts come in whole or not at all, and go out likewise. */
#include "base.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static arena *memory;
static char folder[] = "/tmp/nncc-file-XXXXXX";

static void set_up(void) {
  memory = arena_new();
  cr_assert_not_null(mkdtemp(folder));
}

static int count_files(void) {
  int count = 0;
  DIR *listing = opendir(folder);
  for (struct dirent *entry = readdir(listing); entry != NULL; entry = readdir(listing))
    count += entry->d_name[0] != '.';
  closedir(listing);
  return count;
}

static const char *in_folder(const char *file) {
  return arena_printf(memory, "%s/%s", folder, file);
}

static void tear_down(void) {
  static const char *const used[] = {"a", "link", "target", "sub"};
  for (size_t i = 0; i < sizeof used / sizeof *used; i++) remove(in_folder(used[i]));
  rmdir(folder);
  arena_free(memory);
}

TestSuite(file, .init = set_up, .fini = tear_down);

static void write_raw(const char *path, const char *chars, size_t length) {
  FILE *to = fopen(path, "wb");
  cr_assert_not_null(to);
  cr_assert_eq(fwrite(chars, 1, length, to), length);
  fclose(to);
}

static void must_write(const char *path, const char *chars) {
  const char *problem = NULL;
  cr_assert(file_write_whole(memory, path, chars, strlen(chars), &problem), "%s", problem);
}

static const source *must_read(const char *path) {
  const char *problem = NULL;
  const source *got = source_read(memory, path, &problem);
  cr_assert_not_null(got, "%s", problem);
  return got;
}

Test(file, written_text_reads_back) {
  const char *path = in_folder("a");
  must_write(path, "first");
  must_write(path, "second text, α\n");
  const source *got = must_read(path);
  cr_assert_str_eq(got->chars, "second text, α\n");
  cr_assert_eq(got->length, strlen(got->chars));
  cr_assert_str_eq(got->path, path);
  cr_assert_not(got->shipped);
  cr_assert_eq(count_files(), 1);
}

Test(file, large_text_reads_back) {
  size_t length = 300001;
  char *chars = arena_alloc(memory, length + 1);
  for (size_t i = 0; i < length; i++) chars[i] = (char)('a' + i % 23);
  must_write(in_folder("a"), chars);
  cr_assert_str_eq(must_read(in_folder("a"))->chars, chars);
}

Test(file, keeps_mode_and_links) {
  struct stat after;
  write_raw(in_folder("target"), "old", 3);
  cr_assert_eq(chmod(in_folder("target"), 0640), 0);
  cr_assert_eq(symlink(in_folder("target"), in_folder("link")), 0);
  must_write(in_folder("link"), "new");
  cr_assert_str_eq(must_read(in_folder("target"))->chars, "new");
  cr_assert_eq(stat(in_folder("target"), &after), 0);
  cr_assert_eq(after.st_mode & 07777, 0640);
  cr_assert_eq(lstat(in_folder("link"), &after), 0);
  cr_assert(S_ISLNK(after.st_mode));
}

Test(file, devices_are_written_in_place) {
  struct stat after;
  must_write("/dev/null", "gone");
  cr_assert_eq(stat("/dev/null", &after), 0);
  cr_assert(S_ISCHR(after.st_mode));
}

Test(file, what_cannot_be_written) {
  const char *problem = NULL;
  cr_assert_not(file_write_whole(memory, in_folder("no/such"), "x", 1, &problem));
  cr_assert_str_eq(problem, "No such file or directory");
  cr_assert_eq(mkdir(in_folder("sub"), 0777), 0);
  cr_assert_not(file_write_whole(memory, in_folder("sub"), "x", 1, &problem));
  cr_assert_str_eq(problem, "Is a directory");
  cr_assert_eq(count_files(), 1);
}

Test(file, what_cannot_be_read) {
  const char *problem = NULL;
  cr_assert_null(source_read(memory, in_folder("none"), &problem));
  cr_assert_str_eq(problem, "No such file or directory");
  cr_assert_null(source_read(memory, folder, &problem));
  cr_assert_str_eq(problem, "Is a directory");
}

/* Overlong forms, surrogates, bytes out of place, sequences cut short: none is UTF-8. */
static const char *const not_utf8[] = {"\xff",         "\x80",         "\xc0\xaf", "\xe0\x80\x80",
                                       "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xce",  "\xf0\x9f\x98",
                                       "\xc3("};

Test(file, refuses_what_is_not_utf8) {
  for (size_t i = 0; i < sizeof not_utf8 / sizeof *not_utf8; i++) {
    const char *problem = NULL;
    const char *chars = arena_printf(memory, "x = 1\nh%s", not_utf8[i]);
    write_raw(in_folder("a"), chars, strlen(chars));
    cr_expect_null(source_read(memory, in_folder("a"), &problem));
    cr_expect_not_null(strstr(problem, "is not UTF-8 text: byte 7 "), "%s", problem);
    cr_expect_not_null(strstr(problem, "in line 2"), "%s", problem);
  }
}

Test(file, takes_all_of_utf8) {
  const char *chars = "\x7f \xc2\x80 \xe0\xa0\x80 \xed\x9f\xbf \xee\x80\x80 \xf0\x90\x80\x80 "
                      "\xf4\x8f\xbf\xbf";
  write_raw(in_folder("a"), chars, strlen(chars));
  cr_assert_str_eq(must_read(in_folder("a"))->chars, chars);
}

Test(file, source_of_text_copies) {
  char chars[] = "x = 1";
  const source *got = source_of_text(memory, "<library>", chars, true);
  chars[0] = 'y';
  cr_assert_str_eq(got->chars, "x = 1");
  cr_assert(got->shipped);
}
