/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* FFmpeg's demuxer of a file that nobody vouches for. */

#include "film/demuxer.h"

#include <string.h>

#include "base/i18n.h"

GST_DEBUG_CATEGORY (l4_film_debug);

/* FFmpeg's messages are for who debugs: what a user is to know is in the errors. */
static void
take_message (void *object, int level, const char *format, va_list args)
{
  char line[512];

  if (level > AV_LOG_INFO || l4_film_debug == NULL || gst_debug_category_get_threshold (l4_film_debug) < GST_LEVEL_DEBUG)
    return;
  vsnprintf (line, sizeof line, format, args);
  g_strchomp (line);
  GST_CAT_DEBUG (l4_film_debug, "%s", line);
}

static gpointer
set_up_messages (gpointer nothing)
{
  GST_DEBUG_CATEGORY_INIT (l4_film_debug, "l4film", 0, "Reading films");
  av_log_set_callback (take_message);
  return NULL;
}

/* A file may name others; none of them is opened, wherever it is. */
static int
open_no_other (AVFormatContext *demuxer, AVIOContext **io, const char *url, int flags, AVDictionary **options)
{
  return AVERROR (EPERM);
}

static int
is_interrupted (void *source)
{
  return l4_source_is_cancelled (source);
}

static gboolean
fail_to_read (L4Source *source, int status, GError **error)
{
  char reason[AV_ERROR_MAX_STRING_SIZE];

  if (!l4_source_check (source, error))
    return FALSE;
  av_make_error_string (reason, sizeof reason, status);
  return l4_film_fail (error, L4_FILM_ERROR_FORMAT, _("%s: is no film that can be read: %s"), l4_source_get_path (source), reason);
}

/* Formats whose demuxers open other files, or make pictures of text. */
static gboolean
is_refused (const char *name)
{
  static const char *const refused[] = { "hls", "dash", "concat", "imf", "lavfi", "image2", "sdp", "rtsp", "vobsub", "tty", "bin", "xbin",
    "adf", "idf", "avisynth", "vapoursynth", NULL
  };

  return g_strv_contains (refused, name);
}

/* Before anything of it is read by its demuxer. */
static gboolean
check_format (const AVInputFormat *format, const L4Source *source, GError **error)
{
  const char *path = l4_source_get_path (source);

  if (g_str_has_suffix (format->name, "_pipe"))
    return l4_film_fail (error, L4_FILM_ERROR_STILL, _("%s: is a picture, not a film"), path);
  if (is_refused (format->name))
    return l4_film_fail (error, L4_FILM_ERROR_FORMAT, _("%s: is no film, but %s"), path, format->long_name);
  return TRUE;
}

/* What the content is, whatever the file is called; a JPEG may be the first of many. NULL: nothing that a film can be in. */
static const AVInputFormat *
find_format (L4Source *source, AVIOContext *io, GError **error)
{
  const AVInputFormat *format = NULL;
  int status = av_probe_input_buffer2 (io, &format, "", NULL, 0, 0);

  if (status < 0)
    fail_to_read (source, status, error);
  else if (strcmp (format->name, "jpeg_pipe") == 0)
    return av_find_input_format ("mjpeg");
  else if (check_format (format, source, error))
    return format;
  return NULL;
}

static gboolean
open_streams (AVFormatContext **demuxer, L4Source *source, AVIOContext *io, GError **error)
{
  const AVInputFormat *format = find_format (source, io, error);
  AVDictionary *options = NULL;
  int status;

  if (format == NULL)
    return FALSE;
  *demuxer = avformat_alloc_context ();
  (*demuxer)->pb = io;
  (*demuxer)->io_open = open_no_other;
  (*demuxer)->interrupt_callback.callback = is_interrupted;
  (*demuxer)->interrupt_callback.opaque = source;
  av_dict_set (&options, "protocol_whitelist", "none", 0);
  status = avformat_open_input (demuxer, "", format, &options);
  av_dict_free (&options);
  if (status >= 0)
    status = avformat_find_stream_info (*demuxer, NULL);
  return status >= 0 || fail_to_read (source, status, error);
}

AVFormatContext *
l4_demuxer_open (L4Source *source, AVIOContext **io, GError **error)
{
  static GOnce once = G_ONCE_INIT;
  AVFormatContext *demuxer = NULL;

  g_once (&once, set_up_messages, NULL);
  *io = l4_source_new_io (source);
  if (!open_streams (&demuxer, source, *io, error))
    l4_demuxer_close (&demuxer, io);
  return demuxer;
}

void
l4_demuxer_close (AVFormatContext **demuxer, AVIOContext **io)
{
  avformat_close_input (demuxer);
  l4_source_free_io (*io);
  *io = NULL;
}
