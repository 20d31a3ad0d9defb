/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A plugin whose element finds a person in every picture, at the same place; or cannot read what it needs. */

#include <gst/analytics/analytics.h>
#include <gst/base/gstbasetransform.h>
#include <gst/video/video.h>

typedef struct
{
  GstBaseTransform parent;
  gboolean broken;
} TestDetector;

typedef struct
{
  GstBaseTransformClass parent;
} TestDetectorClass;

GType test_detector_get_type (void);
G_DEFINE_TYPE (TestDetector, test_detector, GST_TYPE_BASE_TRANSFORM)

static GstFlowReturn
find_person (GstBaseTransform * transform, GstBuffer * buffer)
{
  GstAnalyticsRelationMeta *meta = gst_buffer_add_analytics_relation_meta (buffer);
  GstAnalyticsODMtd mtd;

  gst_analytics_relation_meta_add_od_mtd (meta, g_quark_from_static_string ("person"), 40, 30, 80, 60, 0.75, &mtd);
  return GST_FLOW_OK;
}

static gboolean
start (GstBaseTransform * transform)
{
  if (((TestDetector *) transform)->broken)
    GST_ELEMENT_ERROR (transform, RESOURCE, NOT_FOUND, ("persons.onnx is not there"), (NULL));
  return !((TestDetector *) transform)->broken;
}

static void
set_broken (GObject * object, guint id, const GValue * value, GParamSpec * pspec)
{
  ((TestDetector *) object)->broken = g_value_get_boolean (value);
}

static void
test_detector_init (TestDetector * self)
{
  gst_base_transform_set_in_place (GST_BASE_TRANSFORM (self), TRUE);
}

static void
test_detector_class_init (TestDetectorClass * klass)
{
  static GstStaticPadTemplate sink = GST_STATIC_PAD_TEMPLATE ("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS ("video/x-raw"));
  static GstStaticPadTemplate src = GST_STATIC_PAD_TEMPLATE ("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS ("video/x-raw"));

  gst_element_class_add_static_pad_template (GST_ELEMENT_CLASS (klass), &sink);
  gst_element_class_add_static_pad_template (GST_ELEMENT_CLASS (klass), &src);
  gst_element_class_set_static_metadata (GST_ELEMENT_CLASS (klass), "Test detector", "Filter/Analyzer/Video", "Finds a person in every picture", "Tests");
  GST_BASE_TRANSFORM_CLASS (klass)->transform_ip = find_person;
  GST_BASE_TRANSFORM_CLASS (klass)->start = start;
  G_OBJECT_CLASS (klass)->set_property = set_broken;
  g_object_class_install_property (G_OBJECT_CLASS (klass), 1, g_param_spec_boolean ("broken", "Broken", "Whether it cannot start", FALSE,
          G_PARAM_WRITABLE | G_PARAM_STATIC_STRINGS));
}

static gboolean
plugin_init (GstPlugin * plugin)
{
  return gst_element_register (plugin, "testdetector", GST_RANK_NONE, test_detector_get_type ());
}

#define PACKAGE "tests"
GST_PLUGIN_DEFINE (GST_VERSION_MAJOR, GST_VERSION_MINOR, testdetector, "Finds persons for tests", plugin_init, "1", "LGPL", PACKAGE, "https://example.org/")
