/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lines on their way to who reads a file of this process: a pipe in the file's place, a thread that empties it, and one that writes. */

#include "run/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <glib-unix.h>

typedef struct
{
  char *bytes;                  /* of getline() */
  gsize length;
} Line;

struct _L4Relay
{
  int file;                     /* in whose place the pipe is */
  int out;                      /* where it went before */
  FILE *in;                     /* the pipe's other end */
  gsize most;
  GThread *reader, *writer;

  GMutex lock;
  GCond changed;
  GQueue lines;                 /* of Line */
  gsize waiting;                /* bytes */
  gboolean over;                /* no line follows */
  guint64 n_left_out;
  int problem;
};

static void
line_free (Line *self)
{
  if (self != NULL)
    free (self->bytes);
  g_free (self);
}

/* (transfer full) */
static void
put (L4Relay *self, Line *line)
{
  g_mutex_lock (&self->lock);
  if (self->waiting + line->length > self->most) {
    self->n_left_out++;
    line_free (line);
  } else {
    self->waiting += line->length;
    g_queue_push_tail (&self->lines, line);
    g_cond_signal (&self->changed);
  }
  g_mutex_unlock (&self->lock);
}

/* NULL: all were taken, and none follows. (transfer full) */
static Line *
take (L4Relay *self)
{
  Line *line;

  g_mutex_lock (&self->lock);
  while ((line = g_queue_pop_head (&self->lines)) == NULL && !self->over)
    g_cond_wait (&self->changed, &self->lock);
  g_mutex_unlock (&self->lock);
  return line;
}

/* An empty text ends it: programs that were started may hold the pipe open for ever. */
static gpointer
read_lines (gpointer data)
{
  L4Relay *self = data;

  for (;;) {
    Line *line = g_new0 (Line, 1);
    size_t room = 0;
    ssize_t length = getline (&line->bytes, &room, self->in);

    if (length <= 0 || line->bytes[0] == '\0') {
      line_free (line);
      break;
    }
    line->length = length;
    put (self, line);
  }
  g_mutex_lock (&self->lock);
  self->over = TRUE;
  g_cond_signal (&self->changed);
  g_mutex_unlock (&self->lock);
  return NULL;
}

/* 0, or an errno. */
static int
write_line (int out, const Line *line)
{
  for (gsize done = 0; done < line->length;) {
    ssize_t n = write (out, line->bytes + done, line->length - done);

    if (n < 0 && errno != EINTR)
      return errno;
    done += MAX (n, 0);
  }
  return 0;
}

static gpointer
write_lines (gpointer data)
{
  L4Relay *self = data;
  Line *line;

  while ((line = take (self)) != NULL) {
    int problem = write_line (self->out, line);

    g_mutex_lock (&self->lock);
    self->waiting -= line->length;
    self->problem = problem != 0 ? problem : self->problem;
    g_mutex_unlock (&self->lock);
    line_free (line);
  }
  return NULL;
}

L4Relay *
l4_relay_new (int file, gsize most)
{
  L4Relay *self;
  int ends[2], out;

  if (!g_unix_open_pipe (ends, O_CLOEXEC, NULL))
    return NULL;
  out = fcntl (file, F_DUPFD_CLOEXEC, 0);
  if (out < 0 || dup2 (ends[1], file) < 0) {
    close (ends[0]);
    close (ends[1]);
    return NULL;
  }
  close (ends[1]);
  self = g_new0 (L4Relay, 1);
  self->file = file;
  self->out = out;
  self->in = fdopen (ends[0], "r");
  self->most = most;
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  g_queue_init (&self->lines);
  self->reader = g_thread_new ("l4-relay-in", read_lines, self);
  self->writer = g_thread_new ("l4-relay-out", write_lines, self);
  return self;
}

guint64
l4_relay_get_left_out (L4Relay *self)
{
  guint64 n;

  g_mutex_lock (&self->lock);
  n = self->n_left_out;
  g_mutex_unlock (&self->lock);
  return n;
}

int
l4_relay_get_problem (L4Relay *self)
{
  int problem;

  g_mutex_lock (&self->lock);
  problem = self->problem;
  g_mutex_unlock (&self->lock);
  return problem;
}

void
l4_relay_end (L4Relay *self)
{
  const Line end = { (char *) "\0\n", 2 };

  write_line (self->file, &end);
  g_thread_join (self->reader);
  g_thread_join (self->writer);
  dup2 (self->out, self->file);
  close (self->out);
  fclose (self->in);
}

void
l4_relay_free (L4Relay *self)
{
  if (self == NULL)
    return;
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  g_free (self);
}
