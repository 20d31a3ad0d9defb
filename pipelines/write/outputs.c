/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files that appear under their names whole or not at all. */

#define _GNU_SOURCE             /* O_TMPFILE, renameat2() */
#include "write/outputs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "llama4.h"

#define MODE 0666               /* less what the user's mask takes */
#define ATTEMPTS 100            /* at a name that nothing has */

typedef struct
{
  char *path;
  char *name;                   /* within the folder */
  int folder, file;
  char *hidden;                 /* a name that the file has before its own, or what it replaced after; NULL: none */
  gboolean placed, lost;        /* under its name; what it replaced is no more */
} Output;

struct _L4Outputs
{
  gboolean force;
  char *source;                 /* NULL: none */
  GPtrArray *outputs;           /* of Output */
};

static gboolean
fail_with (GError **error, const char *path, int status)
{
  return l4_fail (error, L4_ERROR_IO, _("%s: cannot be written: %s"), path, g_strerror (status));
}

static void
output_free (gpointer data)
{
  Output *output = data;

  if (output->hidden != NULL)
    unlinkat (output->folder, output->hidden, 0);
  if (output->file >= 0)
    close (output->file);
  if (output->folder >= 0)
    close (output->folder);
  g_free (output->path);
  g_free (output->name);
  g_free (output->hidden);
  g_free (output);
}

L4Outputs *
l4_outputs_new (gboolean force, const char *source)
{
  L4Outputs *self = g_new0 (L4Outputs, 1);

  self->force = force;
  self->source = g_strdup (source);
  self->outputs = g_ptr_array_new_with_free_func (output_free);
  return self;
}

void
l4_outputs_free (L4Outputs *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->outputs);
  g_free (self->source);
  g_free (self);
}

/* Making ------------------------------------------------------------------------------------------------------------------------- */

static gboolean
is_same (int folder, const char *name, const Output *other)
{
  struct stat a, b;

  return strcmp (name, other->name) == 0 && fstat (folder, &a) == 0 && fstat (other->folder, &b) == 0 && a.st_dev == b.st_dev
      && a.st_ino == b.st_ino;
}

static gboolean
is_source (const L4Outputs *self, const Output *output)
{
  struct stat a, b;

  return self->source != NULL && stat (self->source, &a) == 0 && fstatat (output->folder, output->name, &b, 0) == 0 && a.st_dev == b.st_dev
      && a.st_ino == b.st_ino;
}

static gboolean
check_place (const L4Outputs *self, const Output *output, GError **error)
{
  struct stat there;

  for (guint i = 0; i < self->outputs->len; i++)
    if (is_same (output->folder, output->name, g_ptr_array_index (self->outputs, i)))
      return l4_fail (error, L4_ERROR_INPUT, _("%s: is wanted twice"), output->path);
  if (is_source (self, output))
    return l4_fail (error, L4_ERROR_INPUT, _("%s: is itself what is read"), output->path);
  if (fstatat (output->folder, output->name, &there, AT_SYMLINK_NOFOLLOW) != 0)
    return errno == ENOENT || fail_with (error, output->path, errno);
  if (S_ISDIR (there.st_mode))
    return l4_fail (error, L4_ERROR_INPUT, _("%s: is a folder"), output->path);
  if (!S_ISREG (there.st_mode) && !S_ISLNK (there.st_mode))
    return l4_fail (error, L4_ERROR_INPUT, _("%s: is no ordinary file"), output->path);
  return self->force || l4_fail (error, L4_ERROR_INPUT, _("%s: is there already (--force overwrites it)"), output->path);
}

/* (transfer full) */
static char *
hidden_name (void)
{
  return g_strdup_printf (".llama4-%08x%08x", g_random_int (), g_random_int ());
}

static int
make_named (Output *output)
{
  for (guint i = 0; i < ATTEMPTS; i++) {
    g_autofree char *name = hidden_name ();
    int file = openat (output->folder, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, MODE);

    if (file >= 0)
      output->hidden = g_steal_pointer (&name);
    if (file >= 0 || errno != EEXIST)
      return file;
  }
  return -1;
}

/* The name is given through /proc, which may be missing. */
static int
make_file (Output *output)
{
  g_autofree char *link = NULL;
  int file = openat (output->folder, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, MODE);

  if (file < 0)
    return make_named (output);
  link = g_strdup_printf ("/proc/self/fd/%d", file);
  if (access (link, F_OK) == 0)
    return file;
  close (file);
  return make_named (output);
}

int
l4_outputs_add (L4Outputs *self, const char *path, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (path);
  Output *output = g_new0 (Output, 1);
  const char *slash = strrchr (path, '/');

  output->path = g_strdup (path);
  output->name = g_strdup (slash != NULL ? slash + 1 : path);
  output->file = -1;
  output->folder = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (output->folder < 0)
    fail_with (error, path, errno);
  else if (*output->name == '\0')
    l4_fail (error, L4_ERROR_INPUT, _("%s: is a folder"), path);
  else if (check_place (self, output, error) && (output->file = make_file (output)) < 0)
    fail_with (error, path, errno);
  if (output->file < 0) {
    output_free (output);
    return -1;
  }
  g_ptr_array_add (self->outputs, output);
  return output->file;
}

/* Placing ------------------------------------------------------------------------------------------------------------------------ */

static int
give_name (const Output *output, const char *name)
{
  g_autofree char *link = g_strdup_printf ("/proc/self/fd/%d", output->file);

  return linkat (AT_FDCWD, link, output->folder, name, AT_SYMLINK_FOLLOW);
}

/* Where a file has one name only. A file system that cannot leave alone what is there is asked right before whether something is. */
static int
rename_new (const Output *output)
{
  struct stat there;

  if (renameat2 (output->folder, output->hidden, output->folder, output->name, RENAME_NOREPLACE) == 0)
    return 0;
  if (errno != EINVAL && errno != ENOSYS)
    return -1;
  if (fstatat (output->folder, output->name, &there, AT_SYMLINK_NOFOLLOW) == 0)
    errno = EEXIST;
  return errno == ENOENT ? renameat (output->folder, output->hidden, output->folder, output->name) : -1;
}

/* To a place where nothing is. */
static gboolean
place_new (Output *output)
{
  if (output->hidden == NULL)
    return give_name (output, output->name) == 0;
  if (linkat (output->folder, output->hidden, output->folder, output->name, 0) != 0 && (errno == EEXIST || rename_new (output) != 0))
    return FALSE;
  unlinkat (output->folder, output->hidden, 0);
  g_clear_pointer (&output->hidden, g_free);
  return TRUE;
}

/* In place of something, which is hidden under another name until all is well; where the file system cannot do that, it is lost. */
static gboolean
replace (Output *output)
{
  for (guint i = 0; output->hidden == NULL; i++) {
    g_autofree char *name = hidden_name ();

    if (give_name (output, name) == 0)
      output->hidden = g_steal_pointer (&name);
    else if (errno != EEXIST || i == ATTEMPTS)
      return FALSE;
  }
  if (renameat2 (output->folder, output->hidden, output->folder, output->name, RENAME_EXCHANGE) == 0)
    return TRUE;
  if (renameat (output->folder, output->hidden, output->folder, output->name) != 0)
    return FALSE;
  output->lost = TRUE;
  g_clear_pointer (&output->hidden, g_free);
  return TRUE;
}

static gboolean
place (const L4Outputs *self, Output *output, GError **error)
{
  if (place_new (output) || (errno == EEXIST && self->force && replace (output))) {
    output->placed = TRUE;
    return TRUE;
  }
  if (errno == EEXIST)
    return l4_fail (error, L4_ERROR_INPUT, _("%s: something has come there meanwhile (--force overwrites it)"), output->path);
  return fail_with (error, output->path, errno);
}

static void
take_back (Output *output)
{
  if (!output->placed || output->lost)
    return;
  output->placed = FALSE;
  if (output->hidden == NULL)
    unlinkat (output->folder, output->name, 0);
  else
    renameat2 (output->folder, output->hidden, output->folder, output->name, RENAME_EXCHANGE);
}

gboolean
l4_outputs_place (L4Outputs *self, GError **error)
{
  gboolean right = TRUE;

  for (guint i = 0; right && i < self->outputs->len; i++) {
    const Output *output = g_ptr_array_index (self->outputs, i);

    right = fsync (output->file) == 0 || fail_with (error, output->path, errno);
  }
  for (guint i = 0; right && i < self->outputs->len; i++)
    right = place (self, g_ptr_array_index (self->outputs, i), error);
  for (guint i = 0; i < self->outputs->len; i++) {
    Output *output = g_ptr_array_index (self->outputs, i);

    if (!right)
      take_back (output);
    fsync (output->folder);
  }
  return right;
}
