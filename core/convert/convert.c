/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Moves the weights of a checkpoint into a GGUF file of another type. */

#include "convert/convert.h"

#include <string.h>

#include "base/memory.h"
#include "base/pool.h"
#include "blocks/quantise.h"
#include "weights/source.h"

#define TASK_WEIGHTS (G_GINT64_CONSTANT (1) << 22)      /* of tensors whose rows can be read one by one */
#define BLOCK_WEIGHTS (G_GINT64_CONSTANT (1) << 18)     /* that are converted together; 1 MiB of floats */

/* Rows of one tensor. */
typedef struct
{
  guint index;                  /* of the tensor */
  gint64 slice, first, n;
} Task;

typedef struct
{
  guint8 *slice;                /* what l4_source_begin_slice() needs, or NULL */
  float *rows;
  guint8 *blocks;               /* the same, converted; at most as large */
} Room;

typedef struct
{
  const L4Convert *options;
  GArray *layout;
  L4GgufWriter *writer;
  L4Source *sources;            /* [layout->len]; to is NULL where there is none */
  GArray *tasks;
  Room *rooms;                  /* [n_rooms], one for each thread */
  guint n_rooms;
  guint64 total;
  GMutex lock;
  guint64 done;                 /* under lock, like the first error */
  GError *error;
} Work;

static void
work_clear (Work *self)
{
  for (guint i = 0; i < self->n_rooms; i++) {
    l4_free (self->rooms[i].slice);
    l4_free (self->rooms[i].rows);
    l4_free (self->rooms[i].blocks);
  }
  g_free (self->rooms);
  g_free (self->sources);
  g_array_unref (self->tasks);
  g_mutex_clear (&self->lock);
  g_clear_error (&self->error);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Work, work_clear)

static const L4LayoutTensor *
tensor_at (const Work *self, guint index)
{
  return &g_array_index (self->layout, L4LayoutTensor, index);
}

/* One block of rows ---------------------------------------------------------------------------------------------------- */

/* Whether the checkpoint has these rows in the wanted type, one after the other. */
static gboolean
can_copy (const L4Source *source, L4Type type)
{
  return source->form == L4_SOURCE_ROWS && source->from->type == type;
}

static gboolean
convert_rows (const Work *self, const Task *task, gint64 first, gint64 n, const Room *room, GError **error)
{
  const L4Source *source = &self->sources[task->index];
  const L4Checkpoint *checkpoint = self->options->checkpoint;
  L4Type type = l4_layout_type (source->to, self->options->type);
  gsize weights = (gsize) (n * source->n_columns), bytes, before;

  if (!l4_type_bytes (type, weights, &bytes)
      || !l4_type_bytes (type, (gsize) ((task->slice * source->n_rows + first) * source->n_columns), &before))
    return l4_fail (error, L4_ERROR_INTERNAL, _("tensor \"%s\": rows are no whole blocks"), source->to->name);
  if (can_copy (source, type))
    return l4_checkpoint_read (checkpoint, source->from, before, bytes, room->blocks, error)
        && l4_gguf_writer_write (self->writer, task->index, before, room->blocks, bytes, error);
  if (!l4_source_read_rows (source, checkpoint, task->slice, first, n, room->slice, room->rows, error))
    return FALSE;
  if (!l4_quantise (type, room->rows, weights, room->blocks))
    return l4_fail (error, L4_ERROR_FORMAT, _("%s: tensor \"%s\" has weights that are no numbers, or too large for %s"),
        l4_checkpoint_get_path (checkpoint), source->to->source, l4_type_name (type));
  return l4_gguf_writer_write (self->writer, task->index, before, room->blocks, bytes, error);
}

/* Tasks ---------------------------------------------------------------------------------------------------------------- */

static gboolean
do_task (const Work *self, const Task *task, const Room *room, GError **error)
{
  const L4Source *source = &self->sources[task->index];
  gint64 step = MAX (BLOCK_WEIGHTS / source->n_columns, 1);

  if (!l4_source_begin_slice (source, self->options->checkpoint, task->slice, room->slice, error))
    return FALSE;
  for (gint64 r = 0; r < task->n; r += step)
    if (!convert_rows (self, task, task->first + r, MIN (step, task->n - r), room, error))
      return FALSE;
  return TRUE;
}

static void
run_task (gpointer data, gsize index, guint thread)
{
  Work *self = data;
  const Task *task = &g_array_index (self->tasks, Task, index);
  g_autoptr (GError) error = NULL;
  gboolean over;

  g_mutex_lock (&self->lock);
  over = self->error != NULL;
  g_mutex_unlock (&self->lock);
  if (over)
    return;
  over = !do_task (self, task, &self->rooms[thread], &error);
  g_mutex_lock (&self->lock);
  if (over && self->error == NULL)
    self->error = g_steal_pointer (&error);
  self->done += (guint64) (task->n * self->sources[task->index].n_columns);
  if (!over && self->options->progress != NULL)
    self->options->progress (self->done, self->total, self->options->user_data);
  g_mutex_unlock (&self->lock);
}

static void
add_task (Work *self, guint index, gint64 slice, gint64 first, gint64 n)
{
  const Task task = { index, slice, first, n };

  g_array_append_val (self->tasks, task);
  self->total += (guint64) (n * self->sources[index].n_columns);
}

/* The tasks of tensor number index and, when it is cut from the same larger one, of the next: slice by slice, so that what the
 * system reads ahead serves both. Returns the number of tensors. */
static guint
add_tasks (Work *self, guint index)
{
  const L4Source *source = &self->sources[index];
  guint n = index + 1 < self->layout->len && source->from != NULL && self->sources[index + 1].from == source->from ? 2 : 1;
  gint64 step = source->form == L4_SOURCE_TURNED ? source->n_rows : MAX (TASK_WEIGHTS / source->n_columns, 1);

  for (gint64 slice = 0; slice < source->n_slices; slice++)
    for (guint i = 0; i < n; i++)
      for (gint64 first = 0; first < source->n_rows; first += step)
        add_task (self, index + i, slice, first, MIN (step, source->n_rows - first));
  return n;
}

/* All of it ------------------------------------------------------------------------------------------------------------ */

static gboolean
add_tensors (Work *self, GError **error)
{
  for (guint i = 0; i < self->layout->len; i++) {
    const L4LayoutTensor *tensor = tensor_at (self, i);
    L4Type type = l4_layout_type (tensor, self->options->type);

    if (!l4_gguf_writer_add_tensor (self->writer, tensor->name, type, tensor->n_dims, tensor->dims, error)
        || (tensor->kind != L4_LAYOUT_ROPE && !l4_source_find (self->options->checkpoint, tensor, &self->sources[i], error)))
      return FALSE;
  }
  for (guint i = 0; i < self->layout->len;)
    i += self->sources[i].to != NULL ? add_tasks (self, i) : 1;
  return TRUE;
}

/* Memory for as many threads as may be and have something to do. */
static gboolean
make_rooms (Work *self, guint threads, GError **error)
{
  gsize slice = 0, rows = BLOCK_WEIGHTS;
  guint64 fit;

  for (guint i = 0; i < self->layout->len; i++)
    if (self->sources[i].to != NULL) {
      slice = MAX (slice, l4_source_scratch (&self->sources[i]));
      rows = MAX (rows, (gsize) self->sources[i].n_columns);
    }
  fit = l4_memory_available () / 2 / (slice + 2 * rows * sizeof (float));
  threads = (guint) MIN (MIN (threads, MAX (fit, 1)), MAX (self->tasks->len, 1));
  self->rooms = g_new0 (Room, threads);
  for (self->n_rooms = 0; self->n_rooms < threads;) {
    Room *room = &self->rooms[self->n_rooms++];

    room->rows = l4_alloc (rows * sizeof (float), _("conversion"), error);
    room->blocks = room->rows != NULL ? l4_alloc (rows * sizeof (float), _("conversion"), error) : NULL;
    if (room->blocks == NULL || (slice > 0 && (room->slice = l4_alloc (slice, _("conversion"), error)) == NULL))
      return FALSE;
  }
  return TRUE;
}

/* What no checkpoint holds. */
static gboolean
write_divisors (const Work *self, GError **error)
{
  for (guint i = 0; i < self->layout->len; i++) {
    const L4LayoutTensor *tensor = tensor_at (self, i);
    g_autofree float *divisors = NULL;

    if (tensor->kind != L4_LAYOUT_ROPE)
      continue;
    divisors = g_new (float, tensor->dims[0]);
    l4_layout_rope_divisors (self->options->rope, tensor->dims[0], divisors);
    if (!l4_gguf_writer_write (self->writer, i, 0, divisors, tensor->n_elements * sizeof *divisors, error))
      return FALSE;
  }
  return TRUE;
}

gboolean
l4_convert (const L4Convert *self, GArray *layout, L4GgufWriter *writer, GError **error)
{
  g_autoptr (L4Pool) pool = l4_pool_new (self->threads);
  g_auto (Work) work = {.options = self,.layout = layout,.writer = writer };

  work.sources = g_new0 (L4Source, layout->len);
  work.tasks = g_array_new (FALSE, FALSE, sizeof (Task));
  g_mutex_init (&work.lock);
  if (!add_tensors (&work, error) || !make_rooms (&work, l4_pool_get_threads (pool), error)
      || !l4_gguf_writer_begin (writer, error) || !write_divisors (&work, error))
    return FALSE;
  if (work.n_rooms < l4_pool_get_threads (pool)) {
    l4_pool_free (pool);
    pool = l4_pool_new (work.n_rooms);
  }
  l4_pool_run (pool, run_task, &work, work.tasks->len);
  if (work.error == NULL)
    return l4_checkpoint_check (self->checkpoint, error);
  g_propagate_error (error, g_steal_pointer (&work.error));
  return FALSE;
}
