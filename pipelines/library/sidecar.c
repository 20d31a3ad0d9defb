/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files beside a film that hold what the index has of it. */

#include "library/sidecar.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "base/i18n.h"
#include "cues/chapters.h"
#include "cues/cues.h"
#include "llama4.h"
#include "write/bytes.h"

#define MOST_TURNS 100          /* of other runs, before the numbers of files mean nothing on that disk */

static const struct
{
  L4SidecarKind kind;
  const char *name, *suffix;
} kinds_known[] = {
  {L4_SIDECAR_SRT, "srt", ".srt"},
  {L4_SIDECAR_VTT, "vtt", ".vtt"},
  {L4_SIDECAR_JSON, "json", ".json"},
  {L4_SIDECAR_CHAPTERS, "chapters", ".chapters.vtt"},
};

guint
l4_sidecar_parse (const char *list)
{
  g_auto (GStrv) names = g_strsplit (list, ",", -1);
  guint kinds = 0;

  for (guint i = 0; i < G_N_ELEMENTS (kinds_known); i++)
    if (g_strv_contains ((const char *const *) names, kinds_known[i].name))
      kinds |= kinds_known[i].kind;
  return kinds;
}

guint
l4_sidecar_find (const L4SidecarPlace *place, guint kinds)
{
  guint found = 0;

  for (guint i = 0; i < G_N_ELEMENTS (kinds_known); i++) {
    g_autofree char *path = g_strconcat (place->base, kinds_known[i].suffix, NULL);

    if ((kinds & kinds_known[i].kind) && g_file_test (path, G_FILE_TEST_EXISTS))
      found |= kinds_known[i].kind;
  }
  return found;
}

/* What they hold ------------------------------------------------------------------------------------------------------------------- */

static char *
make_cues (GPtrArray *windows, L4CueFile kind)
{
  g_autoptr (L4CueMaker) maker = l4_cue_maker_new (l4_cue_rules ("plain"));
  g_autoptr (GPtrArray) cues = NULL;

  for (guint i = 0; i < windows->len; i++) {
    const L4IndexWindow *window = g_ptr_array_index (windows, i);

    l4_cue_maker_add (maker, window->start, window->end, window->text);
  }
  cues = l4_cue_maker_finish (maker);
  return l4_cues_to_file (cues, kind, NULL);
}

static char *
make_chapters (GPtrArray *windows)
{
  g_autoptr (GPtrArray) chapters = g_ptr_array_new_with_free_func ((GDestroyNotify) l4_chapter_free);

  for (guint i = 0; i < windows->len; i++) {
    const L4IndexWindow *window = g_ptr_array_index (windows, i);
    guint64 next = i + 1 < windows->len ? ((L4IndexWindow *) g_ptr_array_index (windows, i + 1))->start : window->end;

    g_ptr_array_add (chapters, l4_chapter_new (window->start, MIN (window->end, next), window->text));
  }
  return l4_chapters_to_file (chapters, L4_CHAPTER_FILE_VTT, NULL, NULL);
}

static char *
make_records (GPtrArray *windows)
{
  GString *lines = g_string_new (NULL);

  for (guint i = 0; i < windows->len; i++) {
    const char *record = ((L4IndexWindow *) g_ptr_array_index (windows, i))->record;
    g_autofree char *line = record != NULL ? l4_text_to_line (record, -1) : NULL;

    if (line != NULL)           /* another program's window may have none, and line ends in it */
      g_string_append_printf (lines, "%s\n", line);
  }
  return g_string_free (lines, FALSE);
}

static char *
make_contents (GPtrArray *windows, L4SidecarKind kind)
{
  switch (kind) {
    case L4_SIDECAR_SRT:
      return make_cues (windows, L4_CUE_FILE_SRT);
    case L4_SIDECAR_VTT:
      return make_cues (windows, L4_CUE_FILE_VTT);
    case L4_SIDECAR_JSON:
      return make_records (windows);
    case L4_SIDECAR_CHAPTERS:
      return make_chapters (windows);
  }
  g_return_val_if_reached (g_strdup (""));
}

/* Writing -------------------------------------------------------------------------------------------------------------------------- */

/* Always the same name: what a kill leaves is written over by the next run, and gone then. (transfer full) */
static char *
part_path (const char *path)
{
  g_autofree char *folder = g_path_get_dirname (path), *name = g_path_get_basename (path);
  g_autofree char *sum = g_compute_checksum_for_string (G_CHECKSUM_SHA256, name, -1), *part = g_strdup_printf (".llama4-%.16s.part", sum);

  return g_build_filename (folder, part, NULL);
}

/* Whether the file that is open has that name still. */
static gboolean
has_name (int file, const char *path)
{
  struct stat own, there;

  return fstat (file, &own) == 0 && lstat (path, &there) == 0 && own.st_dev == there.st_dev && own.st_ino == there.st_ino;
}

/* For this process alone, until it closes it: a run that writes the same one is waited for, which gives it another name then. Where the file
 * system has no locks one does without. -1: errno. */
static int
open_part (const char *part)
{
  int file = -1;

  for (guint i = 0; i < MOST_TURNS; i++) {
    file = g_open (part, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666);
    while (file >= 0 && flock (file, LOCK_EX) != 0 && errno == EINTR);
    if (file < 0 || has_name (file, part) || i + 1 == MOST_TURNS)
      break;
    close (file);
  }
  return file;
}

static gboolean
write_whole (const char *path, const char *text, GError **error)
{
  g_autofree char *part = part_path (path);
  int file = open_part (part);
  gboolean whole = file >= 0 && ftruncate (file, 0) == 0 && l4_write_bytes (file, text, strlen (text)) && fsync (file) == 0
      && g_rename (part, path) == 0;

  if (!whole)
    g_set_error (error, L4_ERROR, L4_ERROR_IO, "%s: %s", path, g_strerror (errno));
  if (!whole && file >= 0)
    g_unlink (part);
  if (file >= 0)
    close (file);
  return whole;
}

/* Whose the files are that are there ------------------------------------------------------------------------------------------------ */

/* Of what is no file, or cannot be read, "". (transfer full) */
static char *
get_digest (const char *path)
{
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  int file = g_open (path, O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0);
  struct stat status;
  guchar buffer[16384];
  ssize_t n = -1;

  if (file >= 0 && fstat (file, &status) == 0 && S_ISREG (status.st_mode))
    while ((n = read (file, buffer, sizeof buffer)) > 0 || (n < 0 && errno == EINTR))
      g_checksum_update (sum, buffer, MAX (n, 0));
  if (file >= 0)
    close (file);
  return g_strdup (n == 0 ? g_checksum_get_string (sum) : "");
}

/* What the index knows such content by. (transfer full) */
static char *
mark (const char *digest, const char *owner)
{
  g_autofree char *both = g_strconcat (digest, owner, NULL);

  return g_compute_checksum_for_string (G_CHECKSUM_SHA256, both, -1);
}

/* What is added to digests, and how many these are: nothing where only the film's own can lie. */
static guint
get_owners (const L4SidecarPlace *place, const char *owners[2])
{
  owners[0] = place->apart ? place->film : "";
  owners[1] = place->key;
  return place->apart ? 2 : 1;
}

/* Whether content was written for that film, wherever it lay, or for another that lay there; earlier versions kept its digest alone. */
static gboolean
was_written (const L4SidecarPlace *place, const char *digest, gboolean *written, GError **error)
{
  const char *owners[2];
  const guint n_owners = get_owners (place, owners);

  *written = FALSE;
  for (guint i = 0; i < n_owners && !*written; i++) {
    g_autofree char *own = mark (digest, owners[i]);

    if (!l4_index_has_written (place->index, own, written, error))
      return FALSE;
  }
  return *written || l4_index_has_written (place->index, digest, written, error);
}

static gboolean
put_written (const L4SidecarPlace *place, const char *digest, GError **error)
{
  const char *owners[2];
  const guint n_owners = get_owners (place, owners);

  for (guint i = 0; i < n_owners; i++) {
    g_autofree char *own = mark (digest, owners[i]);

    if (!l4_index_put_written (place->index, own, error))
      return FALSE;
  }
  return TRUE;
}

/* Whether it may be written over: it says the same, or is as it was written. */
static gboolean
is_ours (const L4SidecarPlace *place, const char *path, const char *digest, gboolean *ours, GError **error)
{
  g_autofree char *there = get_digest (path);

  *ours = g_str_equal (there, digest);
  return *ours || *there == '\0' || was_written (place, there, ours, error);
}

/* The index knows of it before it is there: whenever this ends, it is known again. */
static gboolean
write_one (const L4SidecarPlace *place, const char *path, const char *text, gboolean force, GError **refused, GError **error)
{
  g_autofree char *digest = g_compute_checksum_for_string (G_CHECKSUM_SHA256, text, -1);
  struct stat status;
  gboolean ours;

  if (!force && lstat (path, &status) == 0) {
    if (!is_ours (place, path, digest, &ours, error))
      return FALSE;
    if (!ours) {
      g_set_error (refused, L4_ERROR, L4_ERROR_INPUT, _("%s: was there before, or was changed; --force writes over it"), path);
      return TRUE;
    }
  }
  if (!put_written (place, digest, error))
    return FALSE;
  write_whole (path, text, refused);
  return TRUE;
}

/* What was taken away or replaced is gone before the index says something else, which may be on another disk. */
static void
sync_folder (const char *base)
{
  g_autofree char *path = g_path_get_dirname (base);
  int folder = g_open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);

  if (folder < 0)
    return;
  fsync (folder);
  close (folder);
}

gboolean
l4_sidecar_find_old (const L4SidecarPlace *place, GPtrArray *windows, guint *kinds, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (kinds_known); i++) {
    g_autofree char *path = g_strconcat (place->base, kinds_known[i].suffix, NULL), *there = NULL, *text = NULL, *digest = NULL;
    gboolean old = FALSE;

    if (!(*kinds & kinds_known[i].kind))
      continue;
    there = get_digest (path);
    text = make_contents (windows, kinds_known[i].kind);
    digest = g_compute_checksum_for_string (G_CHECKSUM_SHA256, text, -1);
    if (*there != '\0' && !g_str_equal (there, digest) && !was_written (place, there, &old, error))
      return FALSE;
    if (!old)
      *kinds &= ~kinds_known[i].kind;
  }
  return TRUE;
}

void
l4_sidecar_drop (const L4SidecarPlace *place, guint kinds)
{
  for (guint i = 0; i < G_N_ELEMENTS (kinds_known); i++) {
    g_autofree char *path = g_strconcat (place->base, kinds_known[i].suffix, NULL);

    if (kinds & kinds_known[i].kind)
      g_unlink (path);
  }
  if (kinds != 0)
    sync_folder (place->base);
}

/* Under another name the file may be itself, where capitals do not count. */
static gboolean
is_another (const char *path, const char *file)
{
  struct stat there, own;

  return lstat (path, &there) == 0 && !(lstat (file, &own) == 0 && there.st_dev == own.st_dev && there.st_ino == own.st_ino);
}

/* To another disk too. */
static gboolean
carry (const char *from, const char *to)
{
  g_autofree char *folder = g_path_get_dirname (to), *text = NULL;

  if (g_mkdir_with_parents (folder, 0777) != 0)
    return FALSE;
  if (g_rename (from, to) == 0)
    return TRUE;
  return errno == EXDEV && g_file_get_contents (from, &text, NULL, NULL) && write_whole (to, text, NULL) && g_unlink (from) == 0;
}

/* What is known by where its film lay is to be known by where it lies. */
static gboolean
move_one (const L4SidecarPlace *before, const L4SidecarPlace *place, const char *suffix, GError **error)
{
  g_autofree char *from = g_strconcat (before->base, suffix, NULL), *to = g_strconcat (place->base, suffix, NULL), *there = get_digest (from);
  gboolean ours = FALSE;

  if (*there != '\0' && !was_written (before, there, &ours, error))
    return FALSE;
  if (!ours)
    return TRUE;
  if (!put_written (place, there, error))
    return FALSE;
  if (g_str_equal (from, to))
    return TRUE;
  if (is_another (to, from) ? g_unlink (from) == 0 : carry (from, to)) {
    sync_folder (to);
    sync_folder (from);
  }
  return TRUE;
}

gboolean
l4_sidecar_move (const L4SidecarPlace *before, const L4SidecarPlace *place, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (kinds_known); i++)
    if (!move_one (before, place, kinds_known[i].suffix, error))
      return FALSE;
  return TRUE;
}

/* Kinds whose names the file system does not take, which is told of the film. */
static guint
find_too_long (const L4SidecarPlace *place, guint kinds, GError **refused)
{
  g_autoptr (GString) suffixes = g_string_new (NULL);
  struct stat status;
  guint found = 0;

  for (guint i = 0; i < G_N_ELEMENTS (kinds_known); i++) {
    g_autofree char *path = g_strconcat (place->base, kinds_known[i].suffix, NULL);

    if (!(kinds & kinds_known[i].kind) || lstat (path, &status) == 0 || errno != ENAMETOOLONG)
      continue;
    g_string_append_printf (suffixes, "%s%s", found != 0 ? ", " : "", kinds_known[i].suffix);
    found |= kinds_known[i].kind;
  }
  if (found != 0)
    g_set_error (refused, L4_ERROR, L4_ERROR_INPUT, _("%s: gets no %s: the name would be too long"), place->film, suffixes->str);
  return found;
}

gboolean
l4_sidecar_write (const L4SidecarPlace *place, guint kinds, GPtrArray *windows, gboolean force, GError **refused, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (place->base);

  if (g_mkdir_with_parents (folder, 0777) != 0) {
    g_set_error (refused, L4_ERROR, L4_ERROR_IO, "%s: %s", folder, g_strerror (errno));
    return TRUE;
  }
  kinds &= ~find_too_long (place, kinds, refused);
  for (guint i = 0; i < G_N_ELEMENTS (kinds_known); i++) {
    g_autofree char *path = g_strconcat (place->base, kinds_known[i].suffix, NULL), *text = NULL;

    if (!(kinds & kinds_known[i].kind))
      continue;
    text = make_contents (windows, kinds_known[i].kind);
    if (!write_one (place, path, text, force, *refused == NULL ? refused : NULL, error))
      return FALSE;
  }
  sync_folder (place->base);
  return TRUE;
}
