/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Programs that are run with a text on their standard input: so many at once, for so long, never by a shell. */

#define _GNU_SOURCE             /* memfd_create */

#include "watch/command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib-unix.h>

#include "base/i18n.h"
#include "llama4.h"
#include "watch/open-files.h"
#include "write/bytes.h"

#define TICK_MS 50              /* between two looks at whether it has ended */
#define MOST_OUTPUT 2000        /* bytes that are kept */

struct _L4Commands
{
  GThreadPool *pool;
  guint64 limit;
  L4CommandFunc func;
  gpointer user_data;
  GMutex lock;
  GCond changed;
  guint n;                      /* that wait or run */
  gboolean stopping;
};

typedef struct
{
  char **argv;
  char *input, *label;
} Job;

static void
job_free (Job *self)
{
  g_strfreev (self->argv);
  g_free (self->input);
  g_free (self->label);
  g_free (self);
}

static gboolean
is_stopping (L4Commands *self)
{
  gboolean stopping;

  g_mutex_lock (&self->lock);
  stopping = self->stopping;
  g_mutex_unlock (&self->lock);
  return stopping;
}

/* A file in memory, from its beginning: whoever never reads holds up nobody. */
static int
make_input (const char *text)
{
  int file = memfd_create ("llama4-record", MFD_CLOEXEC);

  if (file >= 0 && l4_write_bytes (file, text, strlen (text)) && l4_write_bytes (file, "\n", 1) && lseek (file, 0, SEEK_SET) == 0)
    return file;
  if (file >= 0)
    close (file);
  return -1;
}

/* In the new process: a group of its own, and signals and limits as programs expect them. */
static void
set_up_child (gpointer data)
{
  sigset_t none;

  setpgid (0, 0);
  l4_open_files_restore ();
  sigemptyset (&none);
  sigprocmask (SIG_SETMASK, &none, NULL);
  signal (SIGINT, SIG_DFL);
  signal (SIGTERM, SIG_DFL);
  signal (SIGHUP, SIG_DFL);
  signal (SIGPIPE, SIG_DFL);
}

/* Takes what is there; FALSE: nothing more will come. What is beyond the limit is thrown away. */
static gboolean
take_output (int file, GString *output)
{
  char bytes[4096];
  ssize_t n = read (file, bytes, sizeof bytes);

  if (n > 0)
    g_string_append_len (output, bytes, MIN ((gsize) n, MOST_OUTPUT - MIN (output->len, MOST_OUTPUT)));
  return n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN));
}

static void
drain_output (int file, GString *output)
{
  struct pollfd ready = { file, POLLIN, 0 };

  for (guint i = 0; i < 64 && poll (&ready, 1, 0) > 0 && take_output (file, output); i++);
}

/* Until it has ended, or its time has. Those who have its output still when it has ended are not waited for. */
static int
wait_for (L4Commands *self, pid_t pid, int file, GString *output, gboolean *timed_out)
{
  gint64 until = g_get_monotonic_time () + self->limit / 1000;
  gboolean open = TRUE;
  int status = 0;

  while (waitpid (pid, &status, WNOHANG) == 0) {
    struct pollfd ready = { file, POLLIN, 0 };

    if (!open)
      g_usleep (TICK_MS * 1000);
    else if (poll (&ready, 1, TICK_MS) > 0)
      open = take_output (file, output);
    *timed_out = g_get_monotonic_time () > until;
    if (*timed_out || is_stopping (self)) {
      kill (-pid, SIGKILL);
      kill (pid, SIGKILL);
      waitpid (pid, &status, 0);
      break;
    }
  }
  drain_output (file, output);
  return status;
}

static void
run (L4Commands *self, const Job *job, int input, int output[2])
{
  L4CommandResult result = {.label = job->label,.status = -1 };
  g_autoptr (GString) printed = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  g_autofree char *line = NULL;
  GPid pid;
  int status;

  if (!g_spawn_async_with_pipes_and_fds (NULL, (const char *const *) job->argv, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD,
          set_up_child, NULL, input, output[1], output[1], NULL, NULL, 0, &pid, NULL, NULL, NULL, &error)) {
    result.problem = error->message;
  } else {
    close (output[1]);
    output[1] = -1;
    setpgid (pid, pid);         /* whichever comes first, so that it can be killed from now on */
    status = wait_for (self, pid, output[0], printed, &result.timed_out);
    result.status = WIFEXITED (status) ? WEXITSTATUS (status) : -1;
    result.signal = WIFSIGNALED (status) ? WTERMSIG (status) : 0;
  }
  line = l4_text_to_line (printed->str, printed->len);
  result.output = line;
  self->func (&result, self->user_data);
}

static void
work (gpointer data, gpointer user_data)
{
  L4Commands *self = user_data;
  Job *job = data;
  int input = make_input (job->input), output[2] = { -1, -1 };

  if (!is_stopping (self)) {
    if (input >= 0 && g_unix_open_pipe (output, FD_CLOEXEC, NULL))
      run (self, job, input, output);
    else
      self->func (&(L4CommandResult) {.label = job->label,.status = -1,.problem = g_strerror (errno),.output = "" }, self->user_data);
  }
  for (guint i = 0; i < 2; i++)
    if (output[i] >= 0)
      close (output[i]);
  if (input >= 0)
    close (input);
  job_free (job);
  g_mutex_lock (&self->lock);
  self->n--;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

L4Commands *
l4_commands_new (guint at_once, guint64 limit, L4CommandFunc func, gpointer user_data)
{
  L4Commands *self = g_new0 (L4Commands, 1);

  self->limit = limit;
  self->func = func;
  self->user_data = user_data;
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  self->pool = g_thread_pool_new (work, self, at_once, FALSE, NULL);
  return self;
}

void
l4_commands_free (L4Commands *self)
{
  if (self == NULL)
    return;
  g_mutex_lock (&self->lock);
  self->stopping = TRUE;
  g_mutex_unlock (&self->lock);
  g_thread_pool_free (self->pool, FALSE, TRUE);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  g_free (self);
}

gboolean
l4_commands_run (L4Commands *self, const char *const *argv, const char *input, const char *label)
{
  Job *job;
  gboolean room;

  g_mutex_lock (&self->lock);
  room = self->n < L4_COMMANDS_WAITING + g_thread_pool_get_max_threads (self->pool);
  self->n += room;
  g_mutex_unlock (&self->lock);
  if (!room)
    return FALSE;
  job = g_new0 (Job, 1);
  job->argv = g_strdupv ((char **) argv);
  job->input = g_strdup (input);
  job->label = g_strdup (label);
  g_thread_pool_push (self->pool, job, NULL);
  return TRUE;
}

guint
l4_commands_finish (L4Commands *self, gint64 until)
{
  guint left;

  g_mutex_lock (&self->lock);
  while (self->n > 0 && g_cond_wait_until (&self->changed, &self->lock, until));
  left = self->n;
  g_mutex_unlock (&self->lock);
  return left;
}
